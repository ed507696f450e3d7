// The four things that are measured of a place. Times are in milliseconds.

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { now, open, patient, visit } from "./visitor.mjs";

const rounds = 5;
const children = 4;
const ttl = 2_000;

/** A hundred wait in one process. */
export async function measureOneProcess(place) {
  const { adapter, provider } = open(place);
  await adapter.init();
  const gaps = [];
  const took = [];
  for (let round = 0; round < rounds; round += 1) {
    const holder = provider.create("key");
    await holder.acquireOrFail();
    const visits = visit(provider, 100);
    await sleep(100);
    const released = now();
    await holder.releaseOrFail();
    const sections = await visits;
    gaps.push(...gapsOf(sections, released));
    took.push(sections.at(-1)[1] - released);
  }
  await adapter.close();
  return `${rate(100 / median(took))}, gap ${describe(gaps)}`;
}

/** Twenty-five wait in each of four. */
export async function measureFourProcesses(place) {
  const { adapter, provider } = open(place);
  await adapter.init();
  const visitors = await Promise.all(Array.from({ length: children }, () => start(place)));
  const gaps = [];
  const took = [];
  const ratios = [];
  for (let round = 0; round < rounds; round += 1) {
    const holder = provider.create("key");
    await holder.acquireOrFail();
    for (const visitor of visitors) {
      visitor.send(["visit", 100 / children]);
      await once(visitor, "message");
    }
    await sleep(300);
    const answers = visitors.map((visitor) => once(visitor, "message"));
    const released = now();
    await holder.releaseOrFail();
    const sections = (await Promise.all(answers)).flatMap(([ofOne]) => ofOne).toSorted(([one], [other]) => one - other);
    gaps.push(...gapsOf(sections, released));
    took.push(sections.at(-1)[1] - released);
    const waits = sections.map(([entered]) => entered - released);
    ratios.push(Math.max(...waits) / (waits.reduce((sum, wait) => sum + wait, 0) / waits.length));
  }
  for (const visitor of visitors) {
    visitor.kill();
  }
  await adapter.close();
  return `${rate(100 / median(took))}, gap ${describe(gaps)}, longest wait ${median(ratios).toFixed(1)} × the mean`;
}

/** A thousand wait, and nothing happens. */
export async function measureThousand(place, seconds) {
  const { adapter, provider } = open(place);
  await adapter.init();
  const holder = provider.create("key", { ttl: null });
  await holder.acquireOrFail();
  const controller = new AbortController();
  const before = process.memoryUsage().rss;
  const waiting = Promise.allSettled(
    Array.from({ length: 1000 }, () =>
      provider.create("key").acquireBlocking({ ...patient, signal: controller.signal }),
    ),
  );
  await sleep(2_000);
  const memory = (process.memoryUsage().rss - before) / 1024 / 1000;
  const commands = await place.countCommands?.();
  const usage = process.cpuUsage();
  await sleep(seconds * 1_000);
  const { user, system } = process.cpuUsage(usage);
  const asked = commands === undefined ? undefined : ((await place.countCommands()) - commands) / seconds;
  controller.abort();
  await waiting;
  await holder.releaseOrFail();
  await adapter.close();
  const cpu = `${((user + system) / seconds / 10_000).toFixed(1)} % of a core`;
  const load = asked === undefined ? cpu : `${asked.toFixed(1)} commands/s, ${cpu}`;
  // The first place grows the process; those after it use the room again.
  return place.isInProcess ? `${load}, memory grown by ${memory.toFixed(1)} KiB each` : load;
}

/** One waits for what a process holds that is killed. */
export async function measureKill(place) {
  const { adapter, provider } = open(place);
  await adapter.init();
  const late = [];
  for (let round = 0; round < 3; round += 1) {
    const holder = await start(place);
    holder.send(["hold", ttl]);
    const [held] = await once(holder, "message");
    const waiting = provider
      .create("key")
      .acquireBlockingOrFail(patient)
      .then(() => now());
    await sleep(200 + 100 * round);
    holder.kill("SIGKILL");
    late.push((await waiting) - held - ttl);
    await provider.create("key").forceRelease();
  }
  await adapter.close();
  return `${late.map((milliseconds) => milliseconds.toFixed(1)).join(", ")} ms after the end of the lease`;
}

async function start(place) {
  const { adapter, settings } = place;
  const child = fork(new URL("visitor.mjs", import.meta.url), [JSON.stringify({ adapter, settings })]);
  await once(child, "message");
  return child;
}

function gapsOf(sections, released) {
  return sections.map(([entered], index) => entered - (sections[index - 1]?.[1] ?? released));
}

function median(values) {
  return quantile(values, 0.5);
}

function quantile(values, part) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(part * (sorted.length - 1))];
}

function describe(gaps) {
  return `${median(gaps).toFixed(2)} ms, 99 of 100 below ${quantile(gaps, 0.99).toFixed(2)} ms`;
}

function rate(aMillisecond) {
  return `${Math.round(1000 * aMillisecond).toLocaleString("en")} a second`;
}
