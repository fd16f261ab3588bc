// What every side of a port does with a failure: it becomes the port's own error, with its cause. It must never hide a
// programming error, nor repeat a stored value in a message.

/** A port's error: `new RegistryUnavailable(message, { cause })`. */
export type Unavailable = new (message: string, options: ErrorOptions) => Error

/**
 * Runs work on a store.
 * @param explain what a failure means and what to do, without any stored value or secret
 * @throws Unavailable with the `cause`, whatever failed; TypeError and RangeError stay what they are.
 */
export async function reach<T>(
  Unavailable: Unavailable,
  work: () => T | Promise<T>,
  explain: (cause: unknown) => string = () => 'the store cannot be reached or written',
): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof Unavailable) throw cause
    throw new Unavailable(explain(cause), { cause })
  }
}
