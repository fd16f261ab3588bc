// Names of tables and columns: the only text that is ever put into SQL, everything else is bound.

const NAME = /^[a-z][A-Za-z0-9_]{0,63}$/

/**
 * The SQL name for a declared name. SQLite ignores case, ports do not: `fooBar` becomes `foo_bar`, `foo_bar` becomes
 * `foo__bar`, so that no two names meet.
 * @throws TypeError for anything but a lower-case letter followed by at most 63 letters, digits or underscores
 */
export function sqlName(name: string): string {
  if (!NAME.test(name))
    throw new TypeError('a name is a lower-case letter, then letters, digits or underscores, 64 at most')
  return name.replace(/[A-Z_]/g, character => `_${character.toLowerCase()}`)
}
