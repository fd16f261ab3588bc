// How many texts a pattern lets pass, where that is easily told: anchored at both ends, made of characters, classes of
// ASCII, groups and fixed bounds. Anything else counts as endless.

const escapes: Record<string, number> = { d: 10, w: 63, t: 1, n: 1, r: 1 }

/** The number of texts that match, counted too high rather than too low; Infinity when it is not easily told. */
export function patternSize(source: string): number {
  const characters = [...source]
  let i = 0
  const isNext = (character: string) => characters[i] === character && ++i > 0

  function alternatives(isOutermost: boolean): number {
    let sum = 0
    do {
      if (isOutermost && !isNext('^')) return Infinity
      sum += sequence()
      if (isOutermost && !isNext('$')) return Infinity
    } while (isNext('|'))
    return sum
  }

  function sequence(): number {
    let product = 1
    while (i < characters.length && !['|', ')', '$'].includes(characters[i]!)) product *= repeated(atom())
    return product
  }

  function repeated(size: number): number {
    if (isNext('?')) return size + 1
    if (characters[i] === '+' || characters[i] === '*') return endless()
    const bounds = /^\{(\d+)(?:,(\d+))?\}/.exec(characters.slice(i, i + 20).join(''))
    if (!bounds) return size
    i += bounds[0].length
    const [least, most] = [Number(bounds[1]), Number(bounds[2] ?? bounds[1])]
    if (most > 100) return Infinity
    let sum = 0
    for (let times = least; times <= most; times++) sum += size ** times
    return sum
  }

  function atom(): number {
    const character = characters[i++]!
    if (character === '\\') return escaped()
    if (character === '[') return characterClass()
    if (character !== '(') return '.^{}]+*?'.includes(character) ? endless() : 1
    if (isNext('?') && !isNext(':')) return endless()
    const size = alternatives(false)
    return isNext(')') ? size : endless()
  }

  function escaped(): number {
    const character = characters[i++] ?? ''
    return /[a-z0-9]/i.test(character) ? (escapes[character] ?? endless()) : 1
  }

  function characterClass(): number {
    const body = /^(?:[ -[_-~]|\\[dw\-\]\\./])+?(?=\])/.exec(characters.slice(i).join(''))?.[0]
    if (body === undefined) return endless()
    i += body.length + 1
    let size = 0
    const single = body
      .replace(/\\([dw])/g, (_, set) => count(escapes[set]!))
      .replace(/\\./g, () => count(1))
      .replace(/([A-Za-z0-9])-([A-Za-z0-9])/g, (_, from, to) => count(to.charCodeAt(0) - from.charCodeAt(0) + 1))
    function count(more: number): string {
      size += more
      return ''
    }
    return /.-./.test(single) ? endless() : size + single.length
  }

  /** Nothing after it is read: the answer is known. */
  function endless(): number {
    i = characters.length
    return Infinity
  }

  const size = alternatives(true)
  return i < characters.length ? Infinity : size
}
