// Package api is Tandem's HTTP interface: what an agent desktop, a wallboard, an operator or another program can see of Tandem and ask of it.
//
// # Shape
//
// One table, in routes.go, lists every operation with its method, path and roles; nothing is reachable that is not in it. The
// contract is openapi.yaml, embedded and served. A test holds the two together in both directions, and every answer that a
// test receives is validated against the contract.
//
// A request passes these stations, each in a file of its own: a request id, the access log and the last resort for panics
// (middleware.go), authentication (auth.go: a bearer token, or the session of somebody who has signed in), a limit on the rate (rate.go), proof that a browser was
// not tricked into it (csrf.go), the route's roles (routes.go), what the requester may see (scope.go), the idempotency key (idempotency.go), strict decoding
// (decode.go), and a handler that returns a [reply] or an error. Errors of every origin become one form and one status in one table (errors.go).
//
// # Reads and writes
//
// Reads of what is going on use the immutable view that the shard's loop publishes, and never wait for the loop; history reads the
// database. What changes a call or an agent is a core.Intent with a command id; an answer 200 means that the intent was accepted and is durable, and that the
// view shows it. What changes the set-up is written to the database first and then told to the loop (config.go).
//
// # Idempotency
//
// A POST with an Idempotency-Key is answered once: the same key with the same body gets the same answer again for 24 hours, the
// same key with another body is refused. The command id of the intent derives from the key, so that a retry after a crash
// between the journal and the stored answer is still one command: the core knows the id and changes nothing.
//
// # Who sees what
//
// Users and tokens have a role and may be bound to one tenant; a supervisor may be limited to some teams of it. An agent acts only for itself, and sees only its own calls and
// what the directory says of colleagues. With a tenant's data protection on, agents see only the last four digits of a caller's number (C2).
//
// Three places decide. The table of routes says which roles reach an operation, and whether it belongs to the tenant or the site as a whole. A [sight],
// made for each request, says which agents, queues, calls, records and timeline entries somebody sees; what is not in sight does not exist. And [Server.control] says in whose name somebody acts in a call.
// The few handlers that check a role themselves are about people's own things, or about what a role may see of one. The tests call every operation as
// everybody, and ask for every object as everybody else.
//
// # Signing in
//
// People have names and passwords, and sessions in the database that a cookie names (session.go). Guessing is slowed down by name and address (guesses.go). docs/adr/0008 says why
// it is as it is.
package api
