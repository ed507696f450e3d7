/**
 * Adds a fence that is read like any other property, and that does not show where objects are compared, spread or turned
 * into JSON: who knows nothing of fences finds what the documents promise, and JSON has no form for a bigint.
 */
export function withFence<Subject extends object>(
  subject: Subject,
  fence: number,
): Subject & { readonly fence: bigint } {
  return Object.defineProperty(subject, "fence", { value: BigInt(fence) }) as Subject & { readonly fence: bigint };
}
