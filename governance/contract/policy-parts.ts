// Small shapes that several sections of a policy are made of.

import Type from 'typebox'

export const closed = { additionalProperties: false }

export const pointer = (description: string) => Type.String({ pattern: '^(/([^~/]|~[01])*)+$', description })

/** Days or hours: of what is kept. */
export const duration = (description: string) =>
  Type.String({ pattern: '^[1-9][0-9]{0,4}[dh]$', description: `${description} A number and d (days) or h (hours).` })

/** Down to seconds: of windows. */
export const timeSpan = (description: string) =>
  Type.String({
    pattern: '^[1-9][0-9]{0,4}[smhd]$',
    description: `${description} A number and s (seconds), m (minutes), h (hours) or d (days).`,
  })

const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 }

/** Milliseconds of a duration such as `180d`, `12h`, `5m` or `30s`. */
export function durationMs(text: string): number {
  return Number.parseInt(text, 10) * units[text.at(-1) as keyof typeof units]
}

/** The duration as a policy says it, in the largest unit that holds it whole. */
export function formatDuration(ms: number): string {
  const [unit, length] = Object.entries(units).find(([, length]) => ms % length === 0) ?? ['s', units.s]
  return `${ms / length}${unit}`
}
