// The second half of the API's description: parameters, bodies and schemas. One constant.
#pragma once

#include <string_view>

namespace malleposte::admin {

inline constexpr std::string_view openapi_components = R"json(  "components": {
    "securitySchemes": { "basic": { "type": "http", "scheme": "basic" } },
    "parameters": {
      "sender": { "name": "sender", "in": "query", "description": "Reverse-path; <> is the null one.", "schema": { "type": "string" } },
      "recipient": { "name": "recipient", "in": "query", "schema": { "type": "string" } },
      "domain": { "name": "domain", "in": "query", "description": "Of a recipient.", "schema": { "type": "string" } },
      "state": { "name": "state", "in": "query", "schema": { "$ref": "#/components/schemas/State" } },
      "site": { "name": "site", "in": "query", "description": "Of /api/v1/sites: the domains that share it now.", "schema": { "type": "string" } },
      "younger_than": { "name": "younger_than", "in": "query", "description": "Since arrival: 30s, 5m, 4h, 5d.", "schema": { "type": "string" } },
      "larger_than": { "name": "larger_than", "in": "query", "description": "Of content: 64KB, 5MB, 50000.", "schema": { "type": "string" } },
      "smaller_than": { "name": "smaller_than", "in": "query", "description": "Of content: 64KB, 5MB, 50000.", "schema": { "type": "string" } },
      "reply": { "name": "reply", "in": "query", "description": "Part of the last answer for a recipient that is still queued, in any case of letters.", "schema": { "type": "string" } },
      "older_than": { "name": "older_than", "in": "query", "description": "Since arrival: 30s, 5m, 4h, 5d.", "schema": { "type": "string" } },
      "class": { "name": "class", "in": "query", "description": "Of the last answer for a recipient that is still queued.", "schema": { "$ref": "#/components/schemas/OutcomeClass" } },
      "id": { "name": "id", "in": "query", "schema": { "$ref": "#/components/schemas/Id" } }
    },
    "requestBodies": {
      "Selection": { "description": "Which messages. All given fields must fit; none means all messages.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Selection" } } } },
      "Deletion": { "description": "The same, and whether for good.", "content": { "application/json": { "schema": { "allOf": [ { "$ref": "#/components/schemas/Selection" }, { "type": "object", "properties": { "now": { "type": "boolean", "description": "For good, at once: nothing brings it back." } } } ] } } } },
      "Rerouting": { "description": "The same, and where to.", "content": { "application/json": { "schema": { "allOf": [ { "$ref": "#/components/schemas/Selection" }, { "type": "object", "properties": { "to": { "type": "string", "description": "A next hop as in a configuration; not given: as the routes say." } } } ] } } } },
      "Lifetime": { "description": "The same, and how long.", "content": { "application/json": { "schema": { "allOf": [ { "$ref": "#/components/schemas/Selection" }, { "type": "object", "properties": { "to": { "type": "string", "description": "From arrival, as 4h or 5d; not given: as queue_lifetime." } } } ] } } } }
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
        "properties": {
          "sender": { "type": "string" },
          "recipient": { "type": "string" },
          "domain": { "type": "string" },
          "state": { "$ref": "#/components/schemas/State" },
          "site": { "type": "string" },
          "older_than": { "type": "string" },
          "younger_than": { "type": "string" },
          "larger_than": { "type": "string" },
          "smaller_than": { "type": "string" },
          "reply": { "type": "string" },
          "reason": { "type": "string", "description": "For the record." },
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
          "next_hop": { "type": "string", "description": "Of one message only: where an operator has it go; empty: as the routes say." },
          "lifetime": { "type": "integer", "nullable": true, "description": "Of one message only: seconds from arrival that an operator has given it; null: as queue_lifetime." },
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
        "required": [ "domain", "rule", "next_hops", "mailboxes", "failure" ],
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
          "mailboxes": { "type": "string", "description": "Mail goes into these instead; empty: into none." },
          "failure": { "$ref": "#/components/schemas/WayFailure" }
        }
      },
      "Destinations": {
        "type": "object",
        "required": [ "age_ends", "destinations" ],
        "properties": {
          "age_ends": { "type": "array", "description": "Upper ends of the classes of age in seconds; the last class has none.", "items": { "type": "integer" } },
          "destinations": {
            "type": "array",
            "items": {
              "type": "object",
              "required": [ "domain", "recipients", "oldest", "by_age" ],
              "properties": {
                "domain": { "type": "string" },
                "recipients": { "type": "integer" },
                "oldest": { "type": "string", "format": "date-time" },
                "by_age": { "type": "array", "description": "Recipients by class of age.", "items": { "type": "integer" } }
              }
            }
          }
        }
      },
      "Order": {
        "type": "object",
        "required": [ "number", "kind", "pattern", "reason", "who", "given", "until" ],
        "properties": {
          "number": { "type": "integer" },
          "kind": { "$ref": "#/components/schemas/OrderKind" },
          "pattern": { "type": "string" },
          "reason": { "type": "string" },
          "who": { "type": "string", "description": "Gave it." },
          "given": { "type": "string", "format": "date-time" },
          "until": { "type": "string", "format": "date-time", "nullable": true }
        }
      },
      "OrderKind": { "type": "string", "enum": [ "suspend", "bounce", "hold" ] },
      "Orders": { "type": "object", "required": [ "orders" ], "properties": { "orders": { "type": "array", "items": { "$ref": "#/components/schemas/Order" } } } },
      "NewOrder": {
        "type": "object",
        "additionalProperties": false,
        "required": [ "kind", "pattern", "reason" ],
        "properties": {
          "kind": { "$ref": "#/components/schemas/OrderKind" },
          "pattern": { "type": "string", "description": "suspend, bounce: a domain of recipients, .example.org for all below it, or *. hold: a sender a@example.org, @example.org, or <>." },
          "reason": { "type": "string" },
          "for": { "type": "string", "description": "30m, 4h, 5d; not given: until it is cancelled." }
        }
      },
      "Site": {
        "type": "object",
        "nullable": true,
        "required": [ "name", "domains", "rule", "window", "most", "connections", "waiting", "failures", "state", "reason", "until", "limits_rule" ],
        "properties": {
          "name": { "type": "string" },
          "domains": { "type": "array", "description": "With mail, at most 100.", "items": { "type": "string" } },
          "rule": { "type": "string", "description": "What decides that mail goes there." },
          "window": { "type": "integer", "description": "Connections it may have now." },
          "most": { "type": "integer", "description": "Connections it may ever have." },
          "connections": { "type": "integer" },
          "waiting": { "type": "integer", "description": "Messages in hand for it." },
          "failures": { "type": "integer", "description": "In a row." },
          "state": { "type": "string", "enum": [ "normal", "dead", "backing_off", "limited" ] },
          "reason": { "type": "string" },
          "until": { "type": "string", "format": "date-time", "nullable": true },
          "limits_rule": { "type": "string" }
        }
      },
      "Sites": { "type": "object", "required": [ "sites" ], "properties": { "sites": { "type": "array", "items": { "$ref": "#/components/schemas/Site" } } } },
      "Clauses": { "type": "array", "description": "The parts of the text.", "items": { "type": "string" } },
      "Why": {
        "type": "object",
        "required": [ "subject", "total", "destination", "messages" ],
        "properties": {
          "subject": { "type": "string" },
          "total": { "type": "integer", "description": "Messages that wait; the oldest 20 of them follow." },
          "destination": {
            "type": "object", "nullable": true,
            "properties": {
              "domain": { "type": "string" },
              "text": { "type": "string" },
              "clauses": { "$ref": "#/components/schemas/Clauses" },
              "route": { "type": "string" },
              "site": { "$ref": "#/components/schemas/Site" }
            }
          },
          "messages": {
            "type": "array",
            "items": {
              "type": "object",
              "required": [ "id", "sender", "recipients" ],
              "properties": {
                "id": { "$ref": "#/components/schemas/Id" },
                "sender": { "type": "string" },
                "recipients": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "required": [ "address", "state", "text", "clauses", "route", "site" ],
                    "properties": {
                      "address": { "type": "string" },
                      "state": { "type": "string" },
                      "text": { "type": "string" },
                      "clauses": { "$ref": "#/components/schemas/Clauses" },
                      "route": { "type": "string" },
                      "site": { "type": "string", "nullable": true }
                    }
                  }
                }
              }
            }
          }
        }
      },
      "Route": { "allOf": [ { "$ref": "#/components/schemas/Way" }, { "type": "object", "required": [ "site" ], "properties": { "site": { "$ref": "#/components/schemas/Site" } } } ] },
      "Rehearsal": {
        "type": "object",
        "required": [ "accepted", "steps", "sender", "recipient", "held", "orders", "way", "site" ],
        "properties": {
          "accepted": { "type": "boolean" },
          "steps": {
            "type": "array",
            "description": "Up to the first that is refused.",
            "items": {
              "type": "object",
              "required": [ "command", "reply", "taken", "because" ],
              "properties": {
                "command": { "type": "string" },
                "reply": { "type": "array", "description": "Its lines.", "items": { "type": "string" } },
                "taken": { "type": "boolean" },
                "because": { "type": "array", "description": "What decides.", "items": { "type": "string" } }
              }
            }
          },
          "sender": { "type": "string", "nullable": true },
          "recipient": { "type": "string", "nullable": true },
          "held": { "type": "boolean" },
          "orders": { "type": "array", "description": "Standing orders that would catch it.", "items": { "type": "string" } },
          "way": { "type": "object", "nullable": true, "description": "A Way." },
          "site": { "$ref": "#/components/schemas/Site" }
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
        "required": [ "version", "hostname", "pid", "started", "uptime", "deliveries_suspended", "queue", "oldest", "queue_time", "accounts", "health", "notices", "listeners" ],
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
          "oldest": {
            "type": "object", "nullable": true,
            "description": "The message that has waited longest.",
            "properties": { "id": { "$ref": "#/components/schemas/Id" }, "arrived": { "type": "string", "format": "date-time" } }
          },
          "queue_time": {
            "type": "object",
            "description": "Seconds from arrival to the final outcome, of the recipients that came to it within the window.",
            "properties": { "window": { "type": "integer" }, "recipients": { "type": "integer" }, "p50": { "type": "number" }, "p90": { "type": "number" }, "p99": { "type": "number" } }
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

}  // namespace malleposte::admin
