"use strict";
// Numbers and times as people read them. What is not known is a dash.

const DASH = "–";
const known = (v) => v !== null && v !== undefined && !Number.isNaN(v);

// digits shows three figures, which is as many as anybody compares.
function digits(v) {
  const a = Math.abs(v);
  if (a === 0) return "0";
  if (a >= 100) return Math.round(v).toLocaleString("en-US");
  return String(Number(v.toPrecision(a >= 10 ? 3 : 2)));
}

// scaled divides by the largest unit that leaves at least 1.
function scaled(v, base, units, space) {
  let i = 0;
  while (i < units.length - 1 && Math.abs(v) >= base) { v /= base; i++; }
  return digits(v) + (units[i] ? space + units[i] : "");
}

function seconds(v) {
  const a = Math.abs(v);
  if (a === 0) return "0 s";
  if (a < 0.001) return digits(v * 1e6) + " µs";
  if (a < 1) return digits(v * 1000) + " ms";
  if (a < 60) return digits(v) + " s";
  const s = Math.round(v);
  const two = (big, bigName, small, smallName) => small ? `${big} ${bigName} ${small} ${smallName}` : `${big} ${bigName}`;
  if (s < 3600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor(s % 3600 / 60), "min");
  return two(Math.floor(s / 86400), "d", Math.floor(s % 86400 / 3600), "h");
}

// Units by name: how a value is written, and the steps of an axis.
const UNITS = {
  bytes: { text: (v) => scaled(v, 1000, ["B/s", "kB/s", "MB/s", "GB/s"], " ") },
  size: { text: (v) => scaled(v, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], " ") },
  rate: { text: (v) => scaled(v, 1000, ["/s", "k/s", "M/s", "G/s"], " ") },
  count: { text: (v) => scaled(v, 1000, ["", "k", "M", "G", "T"], " ") },
  share: { text: (v) => Math.round(v * 100) + " %" },
  seconds: { text: seconds, steps: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400] },
};

const show = (unit, v) => known(v) ? UNITS[unit].text(v) : DASH;
const whole = (v) => known(v) && v >= 0 ? Math.round(v).toLocaleString("en-US") : DASH;
const recordRate = (v) => show("count", v) + " records/s";
const plural = (n, one, many) => `${whole(n)} ${n === 1 ? one : many}`;

const pad = (n) => String(n).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const clock = (d) => `${pad(d.getHours())}:${pad(d.getMinutes())}`;
const day = (d) => `${d.getDate()} ${MONTHS[d.getMonth()]}`;

// moment is the time of an event: with the day when it was not today.
function moment(text) {
  const d = new Date(text), now = new Date();
  const time = `${clock(d)}:${pad(d.getSeconds())}`;
  return d.toDateString() === now.toDateString() ? time : `${day(d)} ${time}`;
}

// instant is the time under the cursor.
function instant(ms, step) {
  const d = new Date(ms);
  if (step < 60) return `${clock(d)}:${pad(d.getSeconds())}`;
  return `${day(d)} ${clock(d)}`;
}

// The states, the best first, with their words.
const STATES = ["caught_up", "copying", "starting", "recovering", "paused", "waiting", "stopped"];
const word = (state) => (state || "unknown").replace("_", " ");
const badness = (state) => { const i = STATES.indexOf(state); return i < 0 ? STATES.length : i; };
const troubled = (state) => badness(state) >= STATES.indexOf("waiting");

const COUNTED = "as counted by the process whose page this is";

// What has a graph. Each metric of it is a line; a topic has the first four.
const GRAPHS = {
  throughput: { title: "Throughput", unit: "bytes", metrics: { bytes_per_second: "" },
    meaning: "Bytes of batches that the target acknowledged, " + COUNTED + "." },
  records: { title: "Records", unit: "rate", metrics: { records_per_second: "" },
    meaning: "Records that the target acknowledged, " + COUNTED + "." },
  lag: { title: "Lag in time", unit: "seconds", metrics: { lag_seconds: "" },
    meaning: "Age of the oldest record that is not copied yet, of the partition furthest behind." },
  behind: { title: "Lag in records", unit: "count", metrics: { lag_records: "" },
    meaning: "Source offsets that are not copied yet." },
  latency: { title: "Copy latency", unit: "seconds", metrics: { copy_latency_seconds_p99: "p99", copy_latency_seconds_p50: "p50" },
    meaning: "Time from the source's answer that brought a record to the target's acknowledgement. p50: half of the records took at most this long; p99: 99 of 100." },
  age: { title: "Record age", unit: "seconds", metrics: { record_age_seconds_p99: "p99", record_age_seconds_p50: "p50" },
    meaning: "How old records were, by their own timestamps, when the target acknowledged them." },
  "catch-up": { title: "Time to catch up", unit: "seconds", metrics: { catch_up_seconds: "" },
    meaning: "Time until there is no lag, at the rate at which it shrank within the last minute. A hole means that it did not shrink." },
};
const TOPIC_GRAPHS = ["throughput", "records", "lag", "behind"];
