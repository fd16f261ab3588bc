// A bounded pool of made-up people, so that the same customer occurs again and again, and in every dataset: a person
// is known by their number alone and always comes out the same.

import { type Country, countries, type Town } from './countries.ts'
import { integerBetween, pick, seededRandom, uuidFrom } from './seeded-random.ts'

/** How many people make payments. */
export const POOL_SIZE = 1_000

/** Four in five people live in the first country of the list. */
const AT_HOME = 0.8

export interface Person {
  /** The customer's number in every dataset: a UUID. */
  id: string
  gender: 'female' | 'male'
  firstName: string
  lastName: string
  email: string
  username: string
  houseNumber: number
  street: string
  town: Town
  country: Country
  /** Goes on where the person's own values end: further values that are always the same for this person. */
  random: () => number
}

/** Person number `index`, from 0: the same for the same index, whatever the seed of a simulation. */
export function makePerson(index: number): Person {
  const random = seededRandom(0xec1 + index * 7_919)
  const country = random() < AT_HOME ? countries[0]! : pick(random, countries.slice(1))
  const gender = random() < 0.5 ? 'female' : 'male'
  const firstName = pick(random, country.firstNames[gender])
  const lastName = pick(random, country.lastNames)
  const username = `${pick(random, ['calm', 'swift', 'amber', 'quiet', 'green'])}${pick(random, ['otter', 'heron', 'lynx', 'wren'])}${index}`
  return {
    id: uuidFrom(random),
    gender,
    firstName,
    lastName,
    username,
    email: `${mailbox(`${firstName}.${lastName}`) || username}.${index}@example.${pick(random, ['com', 'org', 'net'])}`,
    houseNumber: integerBetween(random, 1, 250),
    street: pick(random, country.streets),
    town: pick(random, country.towns),
    country,
    random,
  }
}

/** The Latin letters of a name, without their accents; empty for a name in another script. */
function mailbox(name: string): string {
  const letters = name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z.]/g, '')
  return /[a-z]/.test(letters) ? letters : ''
}
