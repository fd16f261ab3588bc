// What `ecluse check` says of a policy file.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, policyText, policyWith } from './contract-fixture.ts'

const policy = (text: string) => ({ 'policies/orders.yaml': text })
const replaced = (from: string | RegExp, to: string) => policy(policyText.replace(from, to))
const withoutSubjects = policyText.replace(/ {2}subjects:\n.*\n/, '  subjects: []\n')

const promises: [promise: string, files: Record<string, string | Buffer | undefined>, said: string[]][] = [
  ['a complete policy has no problems', {}, []],
  [
    'a policy without owner is refused',
    replaced('owner: shop@example.org\n', ''),
    [
      'policies/orders.yaml:1:1: error: `owner` is missing. Fix: Add `owner:`. E-mail address of who answers for the data.',
    ],
  ],
  [
    'a policy without steward is refused',
    replaced('steward: data@example.org\n', ''),
    [
      'policies/orders.yaml:1:1: error: `steward` is missing. Fix: Add `steward:`. E-mail address of who looks after its quality and this policy.',
    ],
  ],
  [
    'an owner who is no e-mail address is refused',
    replaced('owner: shop@example.org', 'owner: shop'),
    [
      'policies/orders.yaml:2:8: error: `owner` is not written as it should be. Fix: E-mail address of who answers for the data.',
    ],
  ],
  [
    'a policy without purpose is refused',
    replaced('purpose: revenue reporting\n', ''),
    [
      'policies/orders.yaml:1:1: error: `purpose` is missing. Fix: Add `purpose:`. What the data is processed for (GDPR art. 5).',
    ],
  ],
  [
    'a policy without legal basis is refused',
    replaced('legalBasis: contract\n', ''),
    [
      'policies/orders.yaml:1:1: error: `legalBasis` is missing. Fix: Add `legalBasis:`. Why it may be processed (GDPR art. 6).',
    ],
  ],
  [
    'a misspelt legal basis is refused and the right one suggested',
    replaced('contract', 'contrct'),
    [
      'policies/orders.yaml:5:13: error: `contrct` is no legalBasis. Fix: Did you mean `contract`? Choose one of `consent`, `contract`, `legal-obligation`, `vital-interests`, `public-task`, `legitimate-interests`.',
    ],
  ],
  [
    'a policy without retention is refused',
    replaced(/retention.*\n/, ''),
    [
      'policies/orders.yaml:1:1: error: `retention` is missing. Fix: Add `retention:`. How long data is kept, from its reception.',
    ],
  ],
  [
    'a misspelt key is refused and the right one suggested',
    replaced('steward:', 'stewart:'),
    [
      'policies/orders.yaml:1:1: error: `steward` is missing. Fix: Add `steward:`. E-mail address of who looks after its quality and this policy.',
      'policies/orders.yaml:3:1: error: the key `stewart` is not known here. Fix: Did you mean `steward`? Known keys here are `dataset`, `title`, `owner`, `steward`, `purpose`, `legalBasis`, `recipients`, `review`, `retention`, `schema`, `event`, `computed`, `fields`, `unclassified`, `aggregates`, `quality`.',
    ],
  ],
  [
    'a key given twice is refused',
    replaced('event:', 'owner: a@example.org\nevent:'),
    ['policies/orders.yaml:8:1: error: map keys must be unique. Fix: Keep one of the two.'],
  ],
  [
    'a retention longer than the tables can hold is refused',
    replaced('events: 400d', 'events: 7301d'),
    [
      'policies/orders.yaml:7:31: error: the tables cannot hold events for so long. Fix: Write `events: 7300d` or less: 20 years are the most.',
    ],
  ],
  ['the longest retention that the tables can hold is taken', replaced('events: 400d', 'events: 7300d'), []],
  [
    'a log that would outlive the archive is refused',
    replaced('log: 7d', 'log: 401d'),
    [
      'policies/orders.yaml:7:19: error: the log would outlive the archive. Fix: Write `log: 400d` or less, or keep events for longer.',
    ],
  ],
  [
    'a duration that is none is refused',
    replaced('log: 7d', 'log: 7 days'),
    [
      'policies/orders.yaml:7:19: error: `log` is not written as it should be. Fix: How long protected events stay in the log; at most as long as in the archive. A number and d (days) or h (hours).',
    ],
  ],
  [
    'an overdue review is a warning',
    replaced('last: 2026-11-01', 'last: 2026-01-01'),
    [
      'policies/orders.yaml:6:30: warning: the review of this policy is overdue. Fix: Review it, then write the new date.',
    ],
  ],
  [
    'a review on a day that never was is refused',
    replaced('last: 2026-11-01', 'last: 2026-02-30'),
    [
      'policies/orders.yaml:6:30: error: there is no such day. Fix: Write the day of the last review, such as 2026-11-01.',
    ],
  ],
  [
    'a policy that is never reviewed is a warning',
    replaced(/review.*\n/, ''),
    [
      'policies/orders.yaml:1:1: warning: nobody has said when this policy is reviewed. Fix: Add `review: { every: 180d, last: <date> }`.',
    ],
  ],
  [
    'an unknown time zone is refused and the right one suggested',
    replaced('Europe/Paris', 'Europe/Pariss'),
    [
      'policies/orders.yaml:10:26: error: `Europe/Pariss` is no time zone. Fix: Did you mean `Europe/Paris`? Write an IANA time zone such as Europe/Paris.',
    ],
  ],
  [
    'a policy for another dataset than its file says is refused',
    replaced('dataset: orders', 'dataset: order'),
    [
      'policies/orders.yaml:1:10: error: the file is called orders.yaml, the dataset `order`. Fix: Write `dataset: orders`, or rename the file.',
    ],
  ],
  [
    'a policy that is a list is refused',
    policy('- a\n'),
    [
      'policies/orders.yaml:1:1: error: the file: the value must be of type object. Fix: What one dataset is, who answers for it and how it is protected.',
    ],
  ],
  [
    'an empty policy is refused',
    policy(''),
    [
      'policies/orders.yaml:1:1: error: the file: the value must be of type object. Fix: What one dataset is, who answers for it and how it is protected.',
    ],
  ],
  [
    'a misspelt action is refused and the right one suggested',
    policy(policyWith('/at: { level: internal, action: kep }')),
    [
      'policies/orders.yaml:16:35: error: `kep` is no action. Fix: Did you mean `keep`? Choose one of `keep`, `pseudonymise`, `encrypt`, `mask`, `generalise`, `redact`, `drop`.',
    ],
  ],
  [
    'a misspelt action with parameters is refused and the right one suggested',
    policy(policyWith('/at: { level: internal, action: { generalize: { date: year } } }')),
    [
      'policies/orders.yaml:16:37: error: `generalize` is no action. Fix: Did you mean `generalise`? Choose one of `keep`, `pseudonymise`, `encrypt`, `mask`, `generalise`, `redact`, `drop`.',
    ],
  ],
  [
    'a misspelt parameter of an action is refused and the right one suggested',
    policy(policyWith('/at: { level: internal, action: { generalise: { keep: first, separatr: "," } } }')),
    [
      'policies/orders.yaml:16:49: error: `separator` is missing. Fix: Add `separator:`.',
      'policies/orders.yaml:16:64: error: the key `separatr` is not known here. Fix: Did you mean `separator`? Known keys here are `keep`, `separator`.',
    ],
  ],
  [
    'parameters out of range are refused, each where it stands',
    policy(policyWith('/at: { level: internal, action: { mask: { keep: middle, count: 99 } } }')),
    [
      'policies/orders.yaml:16:51: error: `middle` is no keep. Fix: Choose one of `first`, `last`.',
      'policies/orders.yaml:16:66: error: `count`: the number must be at most 8. Fix: How many characters stay.',
    ],
  ],
  [
    'an action without the parameters it needs is refused',
    policy(policyWith('/at: { level: internal, action: generalise }')),
    [
      'policies/orders.yaml:16:35: error: `generalise` needs parameters. Fix: Write { generalise: { … } } with `keep`, `separator`, `date`, `band`, `grid`, `network`.',
    ],
  ],
  [
    'an action with parameters it does not take is refused',
    policy(policyWith('/at: { level: internal, action: { keep: {} } }')),
    ['policies/orders.yaml:16:43: error: `keep` takes no parameters. Fix: Write `action: keep`.'],
  ],
  [
    'two actions for one field are refused',
    policy(policyWith('/at: { level: internal, action: { keep: {}, drop: {} } }')),
    [
      'policies/orders.yaml:16:35: error: an action is a name, or one name with its parameters. Fix: Choose one of `keep`, `pseudonymise`, `encrypt`, `mask`, `generalise`, `redact`, `drop`.',
    ],
  ],
  [
    'parameters that the action itself objects to are refused',
    policy(policyWith('/at: { level: internal, action: { pseudonymise: { domain: person } } }')),
    [
      'policies/orders.yaml:16:51: error: the domain "person" is the default: write `action: pseudonymise`. Fix: Change the parameters of `pseudonymise`.',
    ],
  ],
  [
    'a rule without action is refused',
    policy(policyWith('/at: { level: internal }')),
    [
      'policies/orders.yaml:16:8: error: `action` is missing. Fix: Add `action:`. What is done to the value before it is stored.',
    ],
  ],
  [
    'a misspelt level is refused',
    policy(policyWith('/at: { level: confidentail, action: keep }')),
    [
      'policies/orders.yaml:16:17: error: `confidentail` is no level. Fix: Did you mean `confidential`? Choose one of `public`, `internal`, `confidential`, `restricted`.',
    ],
  ],
  [
    'a misspelt category is refused and the right one suggested',
    policy(policyWith('/at: { category: user.contact.emial, level: internal, action: keep }')),
    ['policies/orders.yaml:16:20: error: `user.contact.emial` is no category. Fix: Did you mean `user.contact.email`?'],
  ],
  [
    'a category that was renamed is refused and its new name given',
    policy(policyWith('/at: { category: user.job_title, level: internal, action: keep }')),
    [
      'policies/orders.yaml:16:20: error: `user.job_title` is no category. Fix: Did you mean `user.professional_information.job_title`?',
    ],
  ],
  [
    'a rule that is no JSON Pointer is refused',
    policy(policyWith('amount: { level: internal, action: keep }')),
    [
      'policies/orders.yaml:16:3: error: `amount` is no JSON Pointer. Fix: Write it with a slash before each name: /amount.',
    ],
  ],
  [
    'a rule of a person who is no subject is refused and the right one suggested',
    policy(policyWith('/at: { level: internal, action: encrypt, of: byer }')),
    [
      'policies/orders.yaml:16:48: error: `byer` is no subject of this dataset. Fix: Did you mean `buyer`? Subjects are `buyer`.',
    ],
  ],
  [
    'two subjects of one name are refused',
    replaced('    - { name: buyer', '    - { name: buyer, type: customer, id: /buyer/number }\n    - { name: buyer'),
    ['policies/orders.yaml:13:15: error: two subjects are called `buyer`. Fix: Give each its own name.'],
  ],
  [
    'a dataset without subjects must say what becomes of unclassified fields, and cannot encrypt',
    policy(withoutSubjects.replace('unclassified: encrypt\n', '')),
    [
      'policies/orders.yaml:11:13: error: without subjects there is no key to encrypt unclassified fields with. Fix: Write `unclassified: reject` or `unclassified: drop`.',
      "policies/orders.yaml:14:3: error: `pseudonymise` needs a person's key, and the dataset has no subjects. Fix: Choose keep, mask, generalise, redact or drop, or declare a subject.",
    ],
  ],
  [
    'a dataset without subjects can have no personal event id',
    policy(withoutSubjects.replace('id: /id\n', 'id: { at: /id, personal: true }\n')),
    [
      'policies/orders.yaml:9:7: error: a personal event id needs a person, and the dataset has no subjects. Fix: Declare a subject, or use an id that is not personal.',
      "policies/orders.yaml:14:3: error: `pseudonymise` needs a person's key, and the dataset has no subjects. Fix: Choose keep, mask, generalise, redact or drop, or declare a subject.",
      'policies/orders.yaml:15:15: error: without subjects there is no key to encrypt unclassified fields with. Fix: Write `unclassified: reject` or `unclassified: drop`.',
    ],
  ],
]

for (const [promise, files, said] of promises) {
  test(promise, async () => {
    const checked = await check(files)
    assert.deepEqual(checked.said, said)
    assert.equal(checked.contracts.has('orders'), !said.some(line => line.includes(': error: ')))
  })
}
