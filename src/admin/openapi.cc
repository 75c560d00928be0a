#include "admin/openapi.h"

namespace malleposte::admin {

std::string_view openapi_document() {
  return R"json({
  "openapi": "3.0.3",
  "info": {
    "title": "Malleposte",
    "version": "1",
    "description": "What the malleposte command uses, too. On the control socket nobody logs in. At ui_port: while the property username is empty, everything that changes is refused with 403; with it, all of /api but this description needs Basic authentication. Times are RFC 3339 in UTC.",
    "license": { "name": "Apache-2.0" }
  },
  "security": [ {}, { "basic": [] } ],
  "paths": {
    "/": {
      "get": {
        "summary": "A few lines of text for people.",
        "security": [],
        "responses": { "200": { "description": "Text.", "content": { "text/plain": { "schema": { "type": "string" } } } } }
      }
    },
    "/metrics": {
      "get": {
        "summary": "Figures in the Prometheus text format.",
        "security": [],
        "responses": { "200": { "description": "Text.", "content": { "text/plain": { "schema": { "type": "string" } } } } }
      }
    },
    "/api/v1/openapi.json": {
      "get": {
        "summary": "This description.",
        "security": [],
        "responses": { "200": { "description": "OpenAPI 3.0.", "content": { "application/json": { "schema": { "type": "object" } } } } }
      }
    },
    "/api/v1/status": {
      "get": {
        "summary": "How the server is: version, queue, accounts, health, notices, listeners.",
        "responses": {
          "200": { "description": "The state now.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Status" } } } },
          "401": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/queue/messages": {
      "get": {
        "summary": "One page of the queue, oldest first.",
        "parameters": [
          { "$ref": "#/components/parameters/sender" },
          { "$ref": "#/components/parameters/recipient" },
          { "$ref": "#/components/parameters/domain" },
          { "$ref": "#/components/parameters/state" },
          { "$ref": "#/components/parameters/older_than" },
          { "$ref": "#/components/parameters/class" },
          { "$ref": "#/components/parameters/id" },
          { "name": "limit", "in": "query", "description": "How many messages; an answer holds at most 10000, next continues.", "schema": { "type": "integer", "minimum": 0, "default": 100 } },
          { "name": "cursor", "in": "query", "description": "The value of next in the answer before.", "schema": { "type": "string" } }
        ],
        "responses": {
          "200": { "description": "A page.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Page" } } } },
          "400": { "$ref": "#/components/responses/Error" },
          "401": { "$ref": "#/components/responses/Error" },
          "500": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/queue/messages/{id}": {
      "get": {
        "summary": "One message, with the attempts made for it.",
        "parameters": [ { "name": "id", "in": "path", "required": true, "schema": { "$ref": "#/components/schemas/Id" } } ],
        "responses": {
          "200": { "description": "The message.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Message" } } } },
          "401": { "$ref": "#/components/responses/Error" },
          "404": { "$ref": "#/components/responses/Error" },
          "500": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/queue/count": {
      "get": {
        "summary": "How many messages match.",
        "parameters": [
          { "$ref": "#/components/parameters/sender" },
          { "$ref": "#/components/parameters/recipient" },
          { "$ref": "#/components/parameters/domain" },
          { "$ref": "#/components/parameters/state" },
          { "$ref": "#/components/parameters/older_than" },
          { "$ref": "#/components/parameters/class" },
          { "$ref": "#/components/parameters/id" }
        ],
        "responses": {
          "200": { "$ref": "#/components/responses/Count" },
          "400": { "$ref": "#/components/responses/Error" },
          "401": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/queue/export": {
      "get": {
        "summary": "Every message that matches, oldest first, as an mbox with the envelopes in it.",
        "parameters": [
          { "$ref": "#/components/parameters/sender" },
          { "$ref": "#/components/parameters/recipient" },
          { "$ref": "#/components/parameters/domain" },
          { "$ref": "#/components/parameters/state" },
          { "$ref": "#/components/parameters/older_than" },
          { "$ref": "#/components/parameters/class" },
          { "$ref": "#/components/parameters/id" }
        ],
        "responses": {
          "200": { "description": "As it goes, of any length. Trailers X-Malleposte-Messages and X-Malleposte-Unreadable: how many, and how many are left out.", "content": { "application/mbox": { "schema": { "type": "string", "format": "binary" } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/queue/import": {
      "post": {
        "summary": "Brings back the messages of an export; those in the queue are skipped. On the control socket; of any length.",
        "requestBody": { "required": true, "content": { "application/mbox": { "schema": { "type": "string", "format": "binary" } } } },
        "responses": {
          "200": { "description": "All of it is durable.", "content": { "application/json": { "schema": { "type": "object", "required": [ "count", "skipped" ], "properties": { "count": { "type": "integer" }, "skipped": { "type": "integer" } } } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/queue/flush": {
      "post": {
        "summary": "Tries deferred messages now.",
        "requestBody": { "$ref": "#/components/requestBodies/Selection" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/queue/hold": {
      "post": {
        "summary": "Holds messages until they are released.",
        "requestBody": { "$ref": "#/components/requestBodies/Selection" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/queue/release": {
      "post": {
        "summary": "Releases held messages.",
        "requestBody": { "$ref": "#/components/requestBodies/Selection" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/queue/delete": {
      "post": {
        "summary": "Deletes messages; their senders are not told. Everything: {\"all\":true}.",
        "requestBody": { "$ref": "#/components/requestBodies/Selection" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/queue/bounce": {
      "post": {
        "summary": "Returns messages to their senders. Everything: {\"all\":true}.",
        "requestBody": { "$ref": "#/components/requestBodies/Selection" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/dns/lookup": {
      "get": {
        "summary": "The way of mail to a domain, as a delivery would find it now: the rule, the hosts and addresses in the order of trial, and what is not tried and why.",
        "parameters": [ { "name": "domain", "in": "query", "required": true, "description": "Of a recipient.", "schema": { "type": "string" } } ],
        "responses": {
          "200": { "description": "The way.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Way" } } } },
          "400": { "$ref": "#/components/responses/Error" },
          "401": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/dns/flush": {
      "post": {
        "summary": "Forgets what was learnt of DNS. Look-ups on their way are answered as they would have been.",
        "responses": {
          "200": { "description": "Forgotten.", "content": { "application/json": { "schema": { "type": "object", "required": [ "flushed" ], "properties": { "flushed": { "type": "boolean" } } } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    }
  },
  "components": {
    "securitySchemes": { "basic": { "type": "http", "scheme": "basic" } },
    "parameters": {
      "sender": { "name": "sender", "in": "query", "description": "Reverse-path; <> is the null one.", "schema": { "type": "string" } },
      "recipient": { "name": "recipient", "in": "query", "schema": { "type": "string" } },
      "domain": { "name": "domain", "in": "query", "description": "Of a recipient.", "schema": { "type": "string" } },
      "state": { "name": "state", "in": "query", "schema": { "$ref": "#/components/schemas/State" } },
      "older_than": { "name": "older_than", "in": "query", "description": "Since arrival: 30s, 5m, 4h, 5d.", "schema": { "type": "string" } },
      "class": { "name": "class", "in": "query", "description": "Of the last answer for a recipient that is still queued.", "schema": { "$ref": "#/components/schemas/OutcomeClass" } },
      "id": { "name": "id", "in": "query", "schema": { "$ref": "#/components/schemas/Id" } }
    },
    "requestBodies": {
      "Selection": { "description": "Which messages. All given fields must fit; none means all messages.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Selection" } } } }
    },
    "responses": {
      "Count": { "description": "To how many messages it applies; a change is on stable storage.", "content": { "application/json": { "schema": { "type": "object", "required": [ "count" ], "properties": { "count": { "type": "integer" } } } } } },
      "Error": { "description": "400 wrong request, 401 no log-in, 403 not allowed, 404 not there, 405 wrong method, 409 at a limit, 413 body too large, 415 wrong content type, 500 failed.", "content": { "application/json": { "schema": { "type": "object", "required": [ "error" ], "properties": { "error": { "type": "string" } } } } } }
    },
    "schemas": {
      "Id": { "type": "string", "pattern": "^[0-9a-z]{13}$" },
      "State": { "type": "string", "enum": [ "active", "deferred", "held", "scheduled", "deleting" ] },
      "Selection": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "sender": { "type": "string" },
          "recipient": { "type": "string" },
          "domain": { "type": "string" },
          "state": { "$ref": "#/components/schemas/State" },
          "older_than": { "type": "string" },
          "class": { "$ref": "#/components/schemas/OutcomeClass" },
          "id": { "$ref": "#/components/schemas/Id" },
          "ids": { "type": "array", "minItems": 1, "items": { "$ref": "#/components/schemas/Id" } },
          "all": { "type": "boolean" }
        }
      },
      "Message": {
        "type": "object",
        "required": [ "id", "sender", "size", "arrived", "state", "attempts", "next_attempt", "reason", "recipients" ],
        "properties": {
          "id": { "$ref": "#/components/schemas/Id" },
          "sender": { "type": "string" },
          "size": { "type": "integer", "description": "Octets." },
          "arrived": { "type": "string", "format": "date-time" },
          "state": { "$ref": "#/components/schemas/State" },
          "attempts": { "type": "integer" },
          "next_attempt": { "type": "string", "format": "date-time", "nullable": true },
          "reason": { "type": "string", "description": "Why it waits." },
          "recipients": {
            "type": "array",
            "items": {
              "type": "object",
              "required": [ "address", "state", "reply", "class" ],
              "properties": {
                "address": { "type": "string" },
                "state": { "type": "string" },
                "reply": { "type": "string", "description": "The last answer." },
                "class": { "$ref": "#/components/schemas/OutcomeClass" },
                "attempts": { "type": "integer", "description": "Of one message only: how many were made." },
                "attempts_left_out": { "type": "integer", "description": "Of one message only: how many of the oldest are not in history." },
                "history": { "type": "array", "description": "Of one message only: the attempts, oldest first.", "items": { "$ref": "#/components/schemas/Attempt" } }
              }
            }
          }
        }
      },
      "OutcomeClass": {
        "type": "string",
        "description": "What kind of answer it was; empty before the first.",
        "enum": [ "", "delivered", "unknown_user", "inactive_user", "mailbox_full", "too_large", "content", "spam_block", "bad_sender", "sender_auth", "ip_block", "rate_limited", "greylisted", "auth_required", "relay_denied", "policy", "no_such_domain", "no_mail_accepted", "routing", "loop", "dns", "network", "timeout", "tls", "protocol", "system", "local", "operator", "other" ]
      },
      "Attempt": {
        "type": "object",
        "required": [ "began", "ended", "host", "address", "code", "status", "text", "class" ],
        "properties": {
          "began": { "type": "string", "format": "date-time" },
          "ended": { "type": "string", "format": "date-time" },
          "host": { "type": "string", "description": "Empty when none was reached for." },
          "address": { "type": "string", "description": "Address and port." },
          "code": { "type": "integer", "description": "Of the reply; 0 when none came." },
          "status": { "type": "string", "description": "Enhanced code (RFC 3463)." },
          "text": { "type": "string" },
          "class": { "$ref": "#/components/schemas/OutcomeClass" }
        }
      },
      "Page": {
        "type": "object",
        "required": [ "total", "next", "messages" ],
        "properties": {
          "total": { "type": "integer", "description": "Matching messages in all." },
          "next": { "type": "string", "nullable": true },
          "messages": { "type": "array", "items": { "$ref": "#/components/schemas/Message" } }
        }
      },
      "WayFailure": {
        "type": "object",
        "nullable": true,
        "required": [ "status", "text", "permanent" ],
        "properties": {
          "status": { "type": "string", "description": "RFC 3463." },
          "text": { "type": "string" },
          "permanent": { "type": "boolean", "description": "Mail is returned; else it waits." }
        }
      },
      "WayHost": {
        "type": "object",
        "required": [ "preference", "host", "address" ],
        "properties": {
          "preference": { "type": "integer", "description": "Of the MX record; 0 without one." },
          "host": { "type": "string" },
          "address": { "type": "string", "description": "With port; empty: the whole host." },
          "why": { "type": "string", "description": "Of skipped ones: why." }
        }
      },
      "Way": {
        "type": "object",
        "required": [ "domain", "rule", "next_hops", "failure" ],
        "properties": {
          "domain": { "type": "string" },
          "rule": { "type": "string", "description": "Which rule decided." },
          "next_hops": {
            "type": "array",
            "description": "In the order of trial.",
            "items": {
              "type": "object",
              "required": [ "next_hop", "tried", "skipped", "failure" ],
              "properties": {
                "next_hop": { "type": "string" },
                "tried": { "type": "array", "items": { "$ref": "#/components/schemas/WayHost" } },
                "skipped": { "type": "array", "items": { "$ref": "#/components/schemas/WayHost" } },
                "failure": { "$ref": "#/components/schemas/WayFailure" }
              }
            }
          },
          "failure": { "$ref": "#/components/schemas/WayFailure" }
        }
      },
      "Notice": {
        "type": "object",
        "required": [ "id", "severity", "text", "reason", "action", "since" ],
        "properties": {
          "id": { "type": "string" },
          "severity": { "type": "string", "enum": [ "info", "warning", "alert" ] },
          "text": { "type": "string" },
          "reason": { "type": "string" },
          "action": { "type": "string" },
          "since": { "type": "string", "format": "date-time" }
        }
      },
      "Status": {
        "type": "object",
        "required": [ "version", "hostname", "pid", "started", "uptime", "deliveries_suspended", "queue", "accounts", "health", "notices", "listeners" ],
        "properties": {
          "version": { "type": "string" },
          "hostname": { "type": "string" },
          "pid": { "type": "integer" },
          "started": { "type": "string", "format": "date-time" },
          "uptime": { "type": "integer", "description": "Seconds." },
          "deliveries_suspended": { "type": "boolean" },
          "queue": {
            "type": "object",
            "description": "Messages, their octets, and messages by state.",
            "additionalProperties": { "type": "integer" }
          },
          "accounts": {
            "type": "object",
            "description": "Recipients since the spool was made: accepted + generated = delivered + bounced + expired + deleted + discarded + replaced + queued.",
            "additionalProperties": { "type": "integer" }
          },
          "health": {
            "type": "object",
            "required": [ "accepting", "why", "free_octets", "total_octets", "damaged_records", "sync_failures" ],
            "properties": {
              "accepting": { "type": "boolean" },
              "why": { "type": "string" },
              "free_octets": { "type": "integer" },
              "total_octets": { "type": "integer" },
              "damaged_records": { "type": "integer" },
              "sync_failures": { "type": "integer" }
            }
          },
          "notices": { "type": "array", "items": { "$ref": "#/components/schemas/Notice" } },
          "listeners": {
            "type": "array",
            "items": { "type": "object", "required": [ "name", "address" ], "properties": { "name": { "type": "string" }, "address": { "type": "string" } } }
          }
        }
      }
    }
  }
}
)json";
}

}  // namespace malleposte::admin
