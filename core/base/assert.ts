/**
 * Broken invariants of our own. A `Bug` is the only thing that stops the engine: a packet that dies is a `DropReason`,
 * a failed system call an `Errno`, a refused API request a `StatusError`.
 */
export class Bug extends Error {
  override readonly name = 'Bug'
}

/** Throws a `Bug` with `message` when `condition` does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message)
}

/** For the end of an exhaustive switch: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${String(value)}`)
}
