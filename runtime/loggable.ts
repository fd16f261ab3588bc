// An error, as it may be logged.

const FRAMES = 8

/** The errors of our ports: their messages say what to do, and never hold what was stored. */
const OURS = ['EventLog', 'Registry', 'Vault', 'Documents', 'Tables', 'Lake'].map(port => `${port}Unavailable`)

/** Messages of errors that are not ours may quote what they were given: of those, only name, code and stack frames. */
export function loggable(error: Error): object {
  const frames = error.stack
    ?.replace(error.message, '')
    .split('\n')
    .filter(line => /^\s+at /.test(line))
    .slice(0, FRAMES)
  const known = OURS.includes(error.name) ? { message: error.message } : {}
  const cause = error.cause instanceof Error ? { cause: loggable(error.cause) } : {}
  return { name: error.name, code: (error as NodeJS.ErrnoException).code, ...known, frames, ...cause }
}
