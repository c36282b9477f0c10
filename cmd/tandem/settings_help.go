package main

// settingsHelp is what "serve -help" says about the environment. TestServeHelpNamesEverySetting holds it to the list of variables.
const settingsHelp = `
Settings are environment variables. Where one may hold a secret, NAME_FILE may name a file that holds it instead.

  TANDEM_DB           (_FILE) sqlite:PATH or postgres://USER@HOST/NAME, with a password as libpq URLs have it; default sqlite:var/tandem.db.
                      SQLite is not waited for until it is on the disk: a power cut may take the last moments, unless the path ends in ?synchronous=full
  TANDEM_MIGRATE      on (default) brings the schema up to date at start; off refuses to start on an older one
  TANDEM_REDIS        (_FILE) redis://HOST:PORT/DB for the jobs' queue, with a password as redis URLs have it; default: a queue in this process
  TANDEM_BUCKET       (_FILE) where recordings are archived: file:///DIRECTORY or s3://NAME?region=...; default var/recordings
  TANDEM_LISTEN       address and port of the API; default 127.0.0.1:8080. Plain HTTP: put a proxy with TLS in front
  TANDEM_METRICS_LISTEN  address and port that answer GET /metrics and nothing else, without a token, for a Prometheus in an internal
                      network; default: none, and GET /metrics of the API wants a token
  TANDEM_SHARD        the set of tenants that this process decides for; default main
  TANDEM_OWNER        the name of this process in the lease, unique among those that run; default: host name and address
  TANDEM_ADMIN_TOKEN  the file into which the first start writes the administrator's token; default var/admin-token. The password of
                      the user admin is written beside it, to admin-password
  TANDEM_SECRET_KEY_FILE  the file with the key that seals the passwords of phones and trunks in the database; made at the first
                      start, by default as secret-key beside TANDEM_ADMIN_TOKEN. Keep a copy, apart from the backups
  TANDEM_TRUSTED_PROXIES  addresses and networks of proxies in front, like 127.0.0.1,10.0.0.0/8, that say where requests come from
                      and whether they were encrypted; default: none is believed
  TANDEM_SIP_TRUSTED  addresses and networks of phones that are never shut out, however many wrong passwords come from there, like
                      203.0.113.0/24; default: private networks; none for none
  TANDEM_LOG          debug, info (default), warn or error
  TANDEM_LOG_FORMAT   text (default) or json
  TANDEM_DRAIN        how long running requests may take when the process is told to stop; default 10s
  TANDEM_SETTINGS     a directory whose files NAME.env hold further settings, VARIABLE=value on a line; the environment comes first. This is how
                      "tandem setup" tells which switches there are
  TANDEM_FORGOTTEN    names of switches, like freeswitch,asterisk-2, that are set up no longer and will not be back: calls that stood on them
                      are closed at the start, and their agents free. "tandem setup forget" says so by itself; default: none

Switches. At least one is needed; each is set up by the variable that says how it is reached.

  TANDEM_ARI_URL      an Asterisk: its HTTP server, http://HOST:PORT
  TANDEM_ARI_USER     user of ari.conf; default tandem
  TANDEM_ARI_PASSWORD (_FILE) its password
  TANDEM_ARI_APP      the Stasis application; default tandem, the one to which the dialplan of docker/asterisk hands calls over
  TANDEM_ARI_SITE     the directory, as Tandem sees it, into which it writes the phones and trunks of its database: what Asterisk
                      has as tandem/ beside its own files. Default: phones and trunks are set up at the switch
  TANDEM_ARI_LOG      Asterisk's log/messages, as Tandem sees it; with it, addresses that guess passwords of phones are shut out
  TANDEM_ARI_TLS      where phones reach its SIP over TLS, HOST:PORT, and
  TANDEM_ARI_CERTIFICATE  the file with the certificate that it shows them, for "tandem doctor" to look at; default: neither
  TANDEM_ARI_SIP      the IP address of its SIP as Tandem reaches it, for the test call of "tandem doctor"; default: the host of the URL
  TANDEM_ARI_ID       the name of this switch in the set-up; default asterisk

  TANDEM_ESL_ADDR     a FreeSWITCH: its event socket, HOST:PORT
  TANDEM_ESL_USER     NAME@DOMAIN of its directory; default: none, the password is that of the event socket
  TANDEM_ESL_PASSWORD (_FILE) the password
  TANDEM_ESL_RECORDINGS  the directory of its recordings as Tandem sees it; default: where FreeSWITCH says
  TANDEM_ESL_SITE     as TANDEM_ARI_SITE
  TANDEM_ESL_TLS      as TANDEM_ARI_TLS
  TANDEM_ESL_CERTIFICATE  as TANDEM_ARI_CERTIFICATE
  TANDEM_ESL_SIP      as TANDEM_ARI_SIP; default: the host of the event socket
  TANDEM_ESL_ID       the name of this switch in the set-up; default freeswitch

A further switch of a kind has a number, 2 to 99, behind the kind: TANDEM_ARI_2_URL, TANDEM_ARI_2_PASSWORD and so on. Its name
is asterisk-2 unless TANDEM_ARI_2_ID says otherwise. No two switches may have one name. Where calls at one switch are offered to
desk phones that register at another, each switch needs a trunk to the other that has the other's name: a PJSIP endpoint, or a
gateway.
`
