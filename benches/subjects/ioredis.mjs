import { randomUUID } from "node:crypto";
import { releaseIfOwned } from "../redis-server.mjs";

export const name = "ioredis";
export const backend = "redis";
export const role = "floor";
