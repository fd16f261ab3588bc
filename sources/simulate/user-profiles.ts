// Made-up customer profiles in the shape of the Random User API. A person's profile is always the same, as a profile's
// id is the person's own: another content under it would be a conflict.

import { hash } from 'node:crypto'
import type { JsonObject } from '../../storage/json.ts'
import { makePerson, type Person, POOL_SIZE } from './make-person.ts'
import { integerBetween, pick } from './seeded-random.ts'

/** The profiles' ages are as of this year: they never change. */
const SNAPSHOT_YEAR = 2026

/** Most are newcomers; who makes payments is profiled too, and then comes again: a duplicate. */
const PAYS = 0.05
const NEWCOMERS = 10_000_000

/** The profile of somebody: one event of `user-profiles`. */
export function makeUserProfile(random: () => number): JsonObject {
  const pays = random() < PAYS
  return profileOf(makePerson(integerBetween(random, 0, pays ? POOL_SIZE - 1 : NEWCOMERS)))
}

/** This person's profile. Call it once for a person made by `makePerson`. */
function profileOf(person: Person): JsonObject {
  const { random, gender, country, town } = person
  const birthYear = integerBetween(random, 1940, 2007)
  const registeredYear = integerBetween(random, 2010, SNAPSHOT_YEAR - 1)
  const portrait = `${gender === 'female' ? 'women' : 'men'}/${integerBetween(random, 0, 99)}.jpg`
  return {
    gender,
    name: { title: gender === 'female' ? 'Ms' : 'Mr', first: person.firstName, last: person.lastName },
    location: {
      street: { number: person.houseNumber, name: person.street },
      city: town.name,
      state: town.state,
      country: country.name,
      postcode: town.postcode,
      coordinates: { latitude: town.latitude.toFixed(4), longitude: town.longitude.toFixed(4) },
      timezone: { offset: country.offset, description: country.timezone },
    },
    email: person.email,
    login: account(person),
    dob: { date: dateIn(random, birthYear), age: SNAPSHOT_YEAR - birthYear },
    registered: { date: dateIn(random, registeredYear), age: SNAPSHOT_YEAR - registeredYear },
    phone: digits(random, country.phone),
    cell: digits(random, country.cell),
    id: country.nationalId
      ? { name: country.nationalId.name, value: digits(random, country.nationalId.form) }
      : { name: '', value: null },
    picture: {
      large: `https://pictures.example.com/portraits/${portrait}`,
      medium: `https://pictures.example.com/portraits/med/${portrait}`,
      thumbnail: `https://pictures.example.com/portraits/thumb/${portrait}`,
    },
    nat: country.code,
  }
}

function account({ id, username, random }: Person): JsonObject {
  const password = pick(random, ['sunflower', 'trustno1', 'marmotte', 'azerty123', 'open-sesame'])
  const salt = Array.from({ length: 8 }, () => pick(random, [...'abcdefghjkmnpqrstuvwxyz23456789'])).join('')
  const salted = password + salt
  return {
    uuid: id,
    username,
    password,
    salt,
    md5: hash('md5', salted),
    sha1: hash('sha1', salted),
    sha256: hash('sha256', salted),
  }
}

function dateIn(random: () => number, year: number): string {
  const start = Date.UTC(year, 0, 1)
  return new Date(start + Math.floor(random() * (Date.UTC(year + 1, 0, 1) - start))).toISOString()
}

function digits(random: () => number, form: string): string {
  return form.replaceAll('#', () => String(integerBetween(random, 0, 9)))
}
