// Texts of the page of aggregates and newest events.

export const explore = {
  'explore.lead': [
    'Statistics that the policy declares, and the newest events: as far as your roles may read them.',
    'Les statistiques que la politique déclare, et les derniers événements : dans la mesure où vos rôles permettent de les lire.',
  ],
  'explore.aggregates': ['Aggregates', 'Agrégats'],
  'explore.aggregate': ['Aggregate', 'Agrégat'],
  'explore.measure': ['Measure', 'Mesure'],
  'explore.range': ['Time', 'Période'],
  'range.hour': ['Last hour', 'Dernière heure'],
  'range.day': ['Last day', 'Dernier jour'],
  'range.week': ['Last week', 'Dernière semaine'],
  'range.own': ['From … to …', 'De … à …'],
  'explore.from': ['From', 'De'],
  'explore.to': ['To', 'À'],
  'explore.as': ['As', 'Sous forme de'],
  'explore.bars': ['Bars', 'Barres'],
  'explore.lines': ['Lines', 'Lignes'],
  'explore.table': ['Table', 'Tableau'],
  'explore.window': ['Window from', 'Fenêtre à partir de'],
  'explore.tableOf': ['All groups, newest window first', 'Tous les groupes, la fenêtre la plus récente d’abord'],
  'explore.late': ['Too late', 'Trop tard'],
  'explore.otherGroups': ['all others', 'tous les autres'],
  'explore.allTogether': ['all together', 'tous ensemble'],
  'explore.withheld': [
    '{count} groups are withheld to protect the persons in them: a group must have {k} persons to be shown.',
    '{count} groupes sont retenus pour protéger les personnes qui les composent : il faut {k} personnes pour qu’un groupe soit montré.',
  ],
  'explore.cut': [
    'These are the first {count} groups: choose a shorter time.',
    'Ce sont les {count} premiers groupes : choisissez une période plus courte.',
  ],
  'explore.drawn': [
    '{count} of {all} groups are drawn; the table has them all.',
    '{count} groupes sur {all} sont dessinés ; le tableau les a tous.',
  ],
  'explore.none': ['The policy declares no aggregate.', 'La politique ne déclare aucun agrégat.'],
  'explore.noneDo': [
    'A steward adds some under `aggregates:` in the policy; they are counted from then on.',
    'Un intendant en ajoute sous `aggregates:` dans la politique ; ils sont comptés dès lors.',
  ],
  'explore.nothing': ['Nothing to show for this time.', 'Rien à montrer pour cette période.'],
  'explore.nothingDo': [
    'Choose a longer time; the newest window is shown moments after its first events.',
    'Choisissez une période plus longue ; la dernière fenêtre apparaît peu après ses premiers événements.',
  ],
  'explore.latest': ['Newest events', 'Derniers événements'],
  'explore.latestNote': [
    'As they are stored, without what your roles may not read.',
    'Tels qu’ils sont stockés, sans ce que vos rôles ne permettent pas de lire.',
  ],
  'explore.subject': ['Pseudonym', 'Pseudonyme'],
  'explore.whole': ['Whole', 'Entier'],
  'explore.noEvents': ['No event is stored yet.', 'Aucun événement n’est encore stocké.'],
  'explore.noEventsDo': [
    'Send the sample; it is here a moment later:',
    'Envoyez l’exemple ; il est ici un instant plus tard :',
  ],
}
