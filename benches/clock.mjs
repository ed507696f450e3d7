/** In milliseconds, on the clock that all processes of a host share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
