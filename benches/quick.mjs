import { measure } from "./measure.mjs";
import { drawTable } from "./report.mjs";
import { isOf, loadSubjects } from "./subjects.mjs";
import { plan } from "./plan.mjs";
const rounds = Number(process.argv[2] ?? 10);
const only = process.argv[3]?.split(",").map(Number);
let subjects = (await loadSubjects(["redis"])).filter((s) => isOf(s, "redis"));
if (process.argv[4]) subjects = subjects.filter(s => process.argv[4].split(",").some(n => s.name.includes(n)));
for (const w of plan.redis) { if (only && !only.includes(w.inFlight)) continue;
  const t = await measure(subjects, w, { folder: "/tmp/rb", rounds, url: process.env.REDIS_URL });
  console.log(drawTable(w.name, t)); }
process.exit(0);
