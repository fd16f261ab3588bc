import assert from 'node:assert/strict'
import { test } from 'node:test'
import { personalWordIn } from './detect-by-name.ts'
import { categories, deprecatedCategories, hasFewValues, higherLevel, isWithin } from './taxonomy.ts'

test('names that look personal are found in French and English, in any writing', () => {
  for (const name of [
    'email',
    'e-mail',
    'adresseLivraison',
    'nom_famille',
    'prénom',
    'dateNaissance',
    'IPAddress',
    'userPhone2',
    'motDePasse',
    'dob',
    'IBAN',
  ]) {
    assert.ok(personalWordIn(name), name)
  }
})

test('names that merely contain such a word are not', () => {
  for (const name of [
    'montant',
    'quantite',
    'prixUnitaire',
    'recipe',
    'nombre',
    'devise',
    'description',
    'shipped',
    'tip',
  ]) {
    assert.equal(personalWordIn(name), undefined, name)
  }
})

test('special categories are restricted, other personal data confidential, the system’s internal', () => {
  assert.equal(categories.get('user.health.treatment'), 'restricted')
  assert.equal(categories.get('user.financial.bank_account'), 'restricted')
  assert.equal(categories.get('user.demographic.religious_belief'), 'restricted')
  assert.equal(categories.get('user.contact.email'), 'confidential')
  assert.equal(categories.get('system.operations'), 'internal')
})

test('a renamed category leads to one that is known', () => {
  for (const [old, now] of deprecatedCategories) assert.ok(!categories.has(old) && categories.has(now), old)
})

test('a category is within its branch, not within its namesake', () => {
  assert.ok(isWithin('user.contact.email', 'user.contact'))
  assert.ok(!isWithin('user.contacts', 'user.contact'))
  assert.ok(hasFewValues('user.demographic.gender'))
  assert.equal(higherLevel('internal', 'restricted'), 'restricted')
})
