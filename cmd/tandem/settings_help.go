package main

// settingsHelp is what "serve -help" says about the environment. TestServeHelpNamesEverySetting holds it to the list of variables.
const settingsHelp = `
Settings are environment variables. For those marked (_FILE), NAME_FILE may name a file that holds the value instead.

  TANDEM_DB           (_FILE) sqlite:PATH or postgres://USER@HOST/NAME, with a password as in libpq URLs; default sqlite:var/tandem.db.
                      SQLite does not wait for the disk: a power cut may take the last moments, unless the path ends in ?synchronous=full
  TANDEM_MIGRATE      on (default) brings the schema up to date at start; off refuses to start on an older one
  TANDEM_REDIS        (_FILE) redis://HOST:PORT/DB for the job queue, with a password as in redis URLs; default: a queue in this process
  TANDEM_BUCKET       (_FILE) where recordings are archived: file:///DIRECTORY or s3://NAME?region=...; default var/recordings
  TANDEM_LISTEN       address and port of the API; default 127.0.0.1:8080. Plain HTTP: put a proxy with TLS in front
  TANDEM_METRICS_LISTEN  address and port that answer GET /metrics and nothing else, without a token, for a Prometheus in an internal
                      network; default: none, only GET /metrics of the API, which needs a token
  TANDEM_SHARD        the set of tenants that this process decides for; default main
  TANDEM_OWNER        the name of this process in the lease, unique among the running ones; default: host name and address
  TANDEM_ADMIN_TOKEN  the file to which the first start writes the administrator's token; default var/admin-token. The password of
                      the user admin is written beside it, to admin-password
  TANDEM_SECRET_KEY_FILE  the file with the key that seals the passwords of phones and trunks in the database; made at the first
                      start, by default as secret-key beside TANDEM_ADMIN_TOKEN. Keep a copy, apart from the backups
  TANDEM_TRUSTED_PROXIES  addresses and networks of proxies in front, like 127.0.0.1,10.0.0.0/8, that are trusted to say where requests
                      come from and whether they were encrypted; default: none
  TANDEM_SIP_TRUSTED  addresses and networks of phones that are never shut out, however many wrong passwords come from there, like
                      203.0.113.0/24; default: private networks; "none": no exceptions
  TANDEM_LOG          debug, info (default), warn or error
  TANDEM_LOG_FORMAT   text (default) or json
  TANDEM_DRAIN        how long running requests may take when the process is told to stop; default 10s
  TANDEM_SETTINGS     a directory whose files NAME.env hold further settings, one VARIABLE=value a line; the environment overrides them.
                      "tandem setup" writes the settings of the switches there
  TANDEM_FORGOTTEN    names of switches, like freeswitch,asterisk-2, that have been removed and will not be back: calls that were on them
                      are closed at the start, and their agents freed. "tandem setup forget" sets this itself; default: none

Switches. At least one is needed; a switch is set up by the variable with its address (TANDEM_ARI_URL, TANDEM_ESL_ADDR).

  TANDEM_ARI_URL      an Asterisk: its HTTP server, http://HOST:PORT
  TANDEM_ARI_USER     user of ari.conf; default tandem
  TANDEM_ARI_PASSWORD (_FILE) its password
  TANDEM_ARI_APP      the Stasis application; default tandem, the one to which the dialplan of docker/asterisk hands calls over
  TANDEM_ARI_SITE     the directory, as Tandem sees it, into which it writes the phones and trunks of its database: tandem/ beside
                      Asterisk's own files. Default: none, phones and trunks are set up in the switch's own configuration
  TANDEM_ARI_LOG      Asterisk's log/messages, as Tandem sees it; with it, addresses that guess passwords of phones are shut out
  TANDEM_ARI_TLS      where phones reach its SIP over TLS, HOST:PORT, for "tandem doctor" to check; default: none
  TANDEM_ARI_CERTIFICATE  the file with the certificate that it presents there, for "tandem doctor" to check; default: none
  TANDEM_ARI_SIP      the IP address of its SIP as Tandem reaches it, for the test call of "tandem doctor"; default: the host of the URL
  TANDEM_ARI_ID       the name of this switch in the set-up; default asterisk

  TANDEM_ESL_ADDR     a FreeSWITCH: its event socket, HOST:PORT
  TANDEM_ESL_USER     NAME@DOMAIN in its user directory; default: none, the password is that of the event socket
  TANDEM_ESL_PASSWORD (_FILE) the password
  TANDEM_ESL_RECORDINGS  the directory of its recordings as Tandem sees it; default: where FreeSWITCH says
  TANDEM_ESL_SITE     as TANDEM_ARI_SITE
  TANDEM_ESL_TLS      as TANDEM_ARI_TLS
  TANDEM_ESL_CERTIFICATE  as TANDEM_ARI_CERTIFICATE
  TANDEM_ESL_SIP      as TANDEM_ARI_SIP; default: the host of the event socket
  TANDEM_ESL_ID       the name of this switch in the set-up; default freeswitch

Further switches of the same kind have a number, 2 to 99, after the kind: TANDEM_ARI_2_URL, TANDEM_ARI_2_PASSWORD and so on. Such
a switch is named asterisk-2 unless TANDEM_ARI_2_ID says otherwise; no two switches may have the same name. If calls at one switch
are offered to desk phones that register at another, each needs a trunk to the other that bears the other's name: a PJSIP endpoint,
or a gateway.
`
