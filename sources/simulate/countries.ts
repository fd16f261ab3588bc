// The small lists that simulated people are made of: names, towns and streets by country. Nobody real is in them.

export interface Town {
  name: string
  state: string
  postcode: number | string
  /** Degrees, WGS 84. */
  latitude: number
  longitude: number
}

export interface Country {
  name: string
  /** ISO 3166-1 alpha-2. */
  code: string
  firstNames: { female: string[]; male: string[] }
  lastNames: string[]
  towns: Town[]
  streets: string[]
  /** Digits stand for themselves, each # becomes one. */
  phone: string
  cell: string
  /** Kind of national number, and its form; undefined where profiles hold none. */
  nationalId?: { name: string; form: string }
  /** Offset from UTC as the feed writes it. */
  offset: string
  timezone: string
}

export const countries: Country[] = [
  {
    name: 'France',
    code: 'FR',
    firstNames: {
      female: ['Élodie', 'Zoé', 'Maëlys', 'Anne-Sophie', 'Inès', 'Jeanne', 'Aïcha', 'Clémence', 'Noémie', 'Solène'],
      male: ['Jérôme', 'François', 'Loïc', 'Jean-Baptiste', 'Mathéo', 'Karim', 'Étienne', 'Gaël', 'Benoît', 'Hugo'],
    },
    lastNames: [
      'Lefèvre',
      "D'Almeida",
      'Garnier',
      'Benali',
      'Le Goff',
      'Roussel',
      'Müller',
      'Nguyễn',
      'Bélanger',
      'Faure',
    ],
    towns: [
      { name: 'Paris', state: 'Île-de-France', postcode: 75011, latitude: 48.8566, longitude: 2.3522 },
      { name: 'Lyon', state: 'Auvergne-Rhône-Alpes', postcode: 69003, latitude: 45.764, longitude: 4.8357 },
      { name: 'Marseille', state: "Provence-Alpes-Côte d'Azur", postcode: 13006, latitude: 43.2965, longitude: 5.3698 },
      { name: 'Nantes', state: 'Pays de la Loire', postcode: 44000, latitude: 47.2184, longitude: -1.5536 },
      { name: 'Strasbourg', state: 'Grand Est', postcode: 67000, latitude: 48.5734, longitude: 7.7521 },
      { name: 'Bordeaux', state: 'Nouvelle-Aquitaine', postcode: 33000, latitude: 44.8378, longitude: -0.5792 },
    ],
    streets: [
      'Rue de la Paix',
      "Rue de l'Église",
      'Avenue Jean-Jaurès',
      'Place du Marché',
      'Quai des Brumes',
      'Rue Pasteur',
    ],
    phone: '01-99-00-##-##',
    cell: '06-39-98-##-##',
    nationalId: { name: 'INSEE', form: '#NNaN######## ##' },
    offset: '+1:00',
    timezone: 'Brussels, Copenhagen, Madrid, Paris',
  },
  {
    name: 'Switzerland',
    code: 'CH',
    firstNames: { female: ['Ursina', 'Chiara', 'Léonie'], male: ['Beat', 'Jürg', 'Flurin'] },
    lastNames: ['Zürcher', 'Bianchi', 'Rochat', 'Hämmerli'],
    towns: [
      { name: 'Genève', state: 'Genève', postcode: 1201, latitude: 46.2044, longitude: 6.1432 },
      { name: 'Chur', state: 'Graubünden', postcode: 7000, latitude: 46.8508, longitude: 9.532 },
    ],
    streets: ['Bahnhofstrasse', 'Rue du Rhône', 'Via Nova'],
    phone: '099 ### ## ##',
    cell: '079 ### ## ##',
    nationalId: { name: 'AVS', form: '756.####.####.##' },
    offset: '+1:00',
    timezone: 'Brussels, Copenhagen, Madrid, Paris',
  },
  {
    name: 'Ireland',
    code: 'IE',
    firstNames: { female: ['Aoife', 'Siobhán', 'Niamh'], male: ['Seán', 'Pádraig', 'Oisín'] },
    lastNames: ["O'Connor", "O'Brien", 'Ní Dhomhnaill', 'Walsh'],
    towns: [
      { name: 'Galway', state: 'Galway', postcode: 'H91 E2K3', latitude: 53.2707, longitude: -9.0568 },
      { name: 'Cork', state: 'Cork', postcode: 'T12 W8KP', latitude: 51.8985, longitude: -8.4756 },
    ],
    streets: ['Mill Lane', "St Patrick's Quay", 'Rochestown Road'],
    phone: '091-###-####',
    cell: '089-###-####',
    nationalId: { name: 'PPS', form: '#######T' },
    offset: '0:00',
    timezone: 'Western Europe Time, London, Lisbon, Casablanca',
  },
  {
    name: 'Greece',
    code: 'GR',
    firstNames: { female: ['Ελένη', 'Κατερίνα', 'Σοφία'], male: ['Γιώργος', 'Νίκος', 'Δημήτρης'] },
    lastNames: ['Παπαδοπούλου', 'Οικονόμου', 'Γεωργίου'],
    towns: [
      { name: 'Θεσσαλονίκη', state: 'Κεντρική Μακεδονία', postcode: '546 24', latitude: 40.6401, longitude: 22.9444 },
    ],
    streets: ['Οδός Ερμού', 'Λεωφόρος Νίκης'],
    phone: '23## ######',
    cell: '69## ######',
    offset: '+2:00',
    timezone: 'Kaliningrad, South Africa',
  },
  {
    name: 'Iran',
    code: 'IR',
    firstNames: { female: ['مریم', 'زهرا', 'پریسا'], male: ['محمد', 'آرش', 'کیان'] },
    lastNames: ['حسینی', 'کریمی', 'رضایی'],
    towns: [{ name: 'اصفهان', state: 'استان اصفهان', postcode: 81464, latitude: 32.6546, longitude: 51.668 }],
    streets: ['خیابان چهارباغ', 'میدان انقلاب'],
    phone: '031-########',
    cell: '09##-###-####',
    offset: '+3:30',
    timezone: 'Tehran',
  },
  {
    name: 'Ukraine',
    code: 'UA',
    firstNames: { female: ['Олена', 'Соломія', 'Дарина'], male: ['Тарас', 'Богдан', 'Андрій'] },
    lastNames: ['Шевчук', 'Коваленко', 'Мельник'],
    towns: [{ name: 'Львів', state: 'Львівська область', postcode: 79000, latitude: 49.8397, longitude: 24.0297 }],
    streets: ['вулиця Городоцька', 'проспект Свободи'],
    phone: '(032) ###-##-##',
    cell: '(098) ###-##-##',
    offset: '+2:00',
    timezone: 'Kaliningrad, South Africa',
  },
]
