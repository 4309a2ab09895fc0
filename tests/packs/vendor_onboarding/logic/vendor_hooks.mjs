// The hooks of `vendor_onboarding`.
//
// Reads one fst.hook.call.v1 object from the first line of stdin and writes one result object as one line. Results are
// computed from the payload, and the letter also from its template; what follows from them is decided by the gates.

import { readFileSync } from "node:fs";

import { faultsOf } from "./iban.mjs";

const TEMPLATE = new URL("../templates/welcome.txt", import.meta.url);
/** From this score on a hit is somebody who might be meant, and from that one on somebody who is. */
const POSSIBLE_FROM = 75;
const MATCH_FROM = 95;

/** What a hook says instead of a result; its text becomes the diagnostics. */
class Unanswerable extends Error {}

const HOOKS = {
  iban_is_sound(payload) {
    const faults = faultsOf(text(payload, "iban"));
    return { valid: faults.length === 0, diagnostics: faults };
  },

  screening_verdict(payload) {
    if (!Array.isArray(payload.results)) {
      throw new Unanswerable("results must be a list of hits");
    }
    const scores = payload.results.map((hit, index) => {
      if (!Number.isInteger(hit?.score) || hit.score < 0 || hit.score > 100) {
        throw new Unanswerable(`hit ${index + 1} needs a score from 0 to 100`);
      }
      return hit.score;
    });
    const highest = Math.max(0, ...scores);
    const verdict = highest >= MATCH_FROM ? "match" : highest >= POSSIBLE_FROM ? "possible" : "clear";
    return { facts: { verdict, highest_score: highest } };
  },

  welcome_text(payload) {
    const filled = readFileSync(TEMPLATE, "utf8").replace(/\{\{([a-z_]+)\}\}/g, (_, name) => text(payload, name));
    return { rendered: filled };
  },
};

/** The text of that name in the payload. */
function text(payload, name) {
  const value = payload[name];
  if (typeof value !== "string" || value === "") {
    throw new Unanswerable(`${name} must be a text`);
  }
  return value;
}

/** The result for one line; a call that cannot be answered is a result with status error. */
function answer(line) {
  try {
    const call = parsed(line);
    const hook = Object.hasOwn(HOOKS, call.hook_id) ? HOOKS[call.hook_id] : null;
    if (hook === null) {
      throw new Unanswerable("there is no such hook here");
    }
    return { status: "ok", ...hook(call.payload) };
  } catch (error) {
    if (error instanceof Unanswerable) {
      return { status: "error", diagnostics: [error.message] };
    }
    throw error;
  }
}

function parsed(line) {
  let call = null;
  try {
    call = JSON.parse(line);
  } catch {
    // The parser's own words differ between versions of Node, and the same fault must give the same diagnostics.
    throw new Unanswerable("the call is not JSON");
  }
  if (call?.protocol_version !== "fst.hook.call.v1" || typeof call.payload !== "object" || call.payload === null) {
    throw new Unanswerable("the call is not an object of fst.hook.call.v1");
  }
  return call;
}

process.stdout.write(JSON.stringify(answer(readFileSync(0, "utf8").split("\n", 1)[0])) + "\n");
