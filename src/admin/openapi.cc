#include "admin/openapi.h"

#include "admin/openapi_components.h"

namespace malleposte::admin {
namespace {

constexpr std::string_view paths = R"json({
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
          { "$ref": "#/components/parameters/site" },
          { "$ref": "#/components/parameters/older_than" },
          { "$ref": "#/components/parameters/younger_than" },
          { "$ref": "#/components/parameters/larger_than" },
          { "$ref": "#/components/parameters/smaller_than" },
          { "$ref": "#/components/parameters/reply" },
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
          { "$ref": "#/components/parameters/site" },
          { "$ref": "#/components/parameters/older_than" },
          { "$ref": "#/components/parameters/younger_than" },
          { "$ref": "#/components/parameters/larger_than" },
          { "$ref": "#/components/parameters/smaller_than" },
          { "$ref": "#/components/parameters/reply" },
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
        "summary": "Deletes messages; their senders are not told, and undelete brings them back within a minute. Everything: {\"all\":true}.",
        "requestBody": { "$ref": "#/components/requestBodies/Deletion" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/queue/undelete": {
      "post": {
        "summary": "Takes back what was deleted within the last minute.",
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
    "/api/v1/queue/reroute": {
      "post": {
        "summary": "Sends messages to another next hop from now on. Everything: {\"all\":true}.",
        "requestBody": { "$ref": "#/components/requestBodies/Rerouting" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/queue/lifetime": {
      "post": {
        "summary": "Lets messages expire at another time. Everything: {\"all\":true}.",
        "requestBody": { "$ref": "#/components/requestBodies/Lifetime" },
        "responses": { "200": { "$ref": "#/components/responses/Count" }, "default": { "$ref": "#/components/responses/Error" } }
      }
    },
    "/api/v1/queue/destinations": {
      "get": {
        "summary": "What waits, by domain of the recipient and by age: those with most recipients first.",
        "parameters": [
          { "name": "limit", "in": "query", "description": "How many domains, at most 10000; not given: 100.", "schema": { "type": "integer" } },
          { "name": "domain", "in": "query", "description": "This one only.", "schema": { "type": "string" } }
        ],
        "responses": {
          "200": { "description": "The state now.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Destinations" } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/orders": {
      "get": {
        "summary": "The standing orders in force, by number.",
        "responses": {
          "200": { "description": "The orders.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Orders" } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      },
      "post": {
        "summary": "Gives a standing order: it means mail that is there and mail that comes, until it ends.",
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewOrder" } } } },
        "responses": {
          "200": { "description": "It is in force and on stable storage.", "content": { "application/json": { "schema": { "type": "object", "required": [ "number" ], "properties": { "number": { "type": "integer" } } } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/orders/{id}": {
      "delete": {
        "summary": "Cancels a standing order.",
        "parameters": [ { "name": "id", "in": "path", "required": true, "description": "Its number.", "schema": { "type": "integer" } } ],
        "responses": {
          "200": { "description": "It is no longer in force.", "content": { "application/json": { "schema": { "type": "object", "required": [ "cancelled" ], "properties": { "cancelled": { "type": "boolean" } } } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/sites": {
      "get": {
        "summary": "The next hops that domains share, as far as they are known now, and how they are doing.",
        "responses": {
          "200": { "description": "The state now.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Sites" } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/why": {
      "get": {
        "summary": "Why mail waits: of one message, or to an address or a domain. Give one of the three.",
        "parameters": [
          { "name": "id", "in": "query", "description": "A message.", "schema": { "type": "string" } },
          { "name": "address", "in": "query", "description": "A recipient.", "schema": { "type": "string" } },
          { "name": "domain", "in": "query", "description": "Of recipients.", "schema": { "type": "string" } }
        ],
        "responses": {
          "200": { "description": "The state now.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Why" } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/route": {
      "get": {
        "summary": "The way of mail to an address or a domain, and the site it shares.",
        "parameters": [
          { "name": "address", "in": "query", "required": true, "description": "An address, or a domain alone.", "schema": { "type": "string" } }
        ],
        "responses": {
          "200": { "description": "The state now.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Route" } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/api/v1/test": {
      "get": {
        "summary": "What would happen to a message, and which property, rule or line decides. Nothing is changed.",
        "parameters": [
          { "name": "client", "in": "query", "required": true, "description": "IP address of the client.", "schema": { "type": "string" } },
          { "name": "from", "in": "query", "required": true, "description": "Sender; <> is the null one.", "schema": { "type": "string" } },
          { "name": "to", "in": "query", "required": true, "description": "Recipient.", "schema": { "type": "string" } },
          { "name": "helo", "in": "query", "description": "Name the client gives; not given: its address.", "schema": { "type": "string" } },
          { "name": "listener", "in": "query", "description": "Address of ours it connects to.", "schema": { "type": "string" } }
        ],
        "responses": {
          "200": { "description": "The state now.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Rehearsal" } } } },
          "default": { "$ref": "#/components/responses/Error" }
        }
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
)json";

}  // namespace

std::string openapi_document() {
  return std::string(paths) + std::string(openapi_components);
}

}  // namespace malleposte::admin
