// Guesses from a field's name, in French and English, whether it holds personal data: only ever to warn a steward,
// never to decide.

const personalWords = new Set(
  (
    'email mail courriel phone tel telephone mobile cell fax portable ' +
    'name nom prenom firstname lastname surname fullname username pseudo forename ' +
    'address adresse street rue postcode postal zip zipcode ' +
    'iban bic card cvv pan rib account compte ' +
    'ssn nir passport passeport siren insee national ' +
    'birth birthday birthdate dob naissance age gender sexe sex ' +
    'ip ipaddress mac imei cookie ' +
    'password passwd pwd secret token salt login motdepasse ' +
    'latitude longitude lat lon lng gps ' +
    'patient religion ethnicity'
  ).split(' '),
)

/** The word in a name that makes it look personal (`adresseLivraison` -> `adresse`), or undefined. */
export function personalWordIn(name: string): string | undefined {
  return wordsOf(name).find(word => personalWords.has(word))
}

function wordsOf(name: string): string[] {
  const plain = name.normalize('NFD').replace(/\p{M}/gu, '')
  const words = plain
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter(word => word !== '')
  // Both the words and the whole: `e_mail`, `e-mail` and `motDePasse` are one word in pieces.
  return [...words, words.join('')]
}
