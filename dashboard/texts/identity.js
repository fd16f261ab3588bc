// Texts of what takes two persons: learning who is behind a pseudonym, and edits that weaken protection.

export const identity = {
  'page.reidentification': ['Re-identification', 'Réidentification'],
  'page.approvals': ['Approvals', 'Approbations'],
  'identity.lead': [
    'Who is behind a pseudonym: for a stated purpose, with the consent of a second person, for a while.',
    'Qui se cache derrière un pseudonyme : pour une finalité énoncée, avec l’accord d’une seconde personne, pour un temps.',
  ],
  'identity.new': ['New request', 'Nouvelle demande'],
  'identity.ask': ['Ask who it is', 'Demander qui c’est'],
  'identity.pseudonymHint': [
    'As stored events show it: it begins with p1.',
    'Tel que les événements stockés le montrent : il commence par p1.',
  ],
  'identity.purpose': ['Purpose', 'Finalité'],
  'identity.purposeHint': [
    'The second person decides by it; sealed, and recorded with each look: 3 to 200 characters.',
    'La seconde personne en décide d’après elle ; scellée, et consignée à chaque regard : 3 à 200 caractères.',
  ],
  'identity.all': ['Requests', 'Demandes'],
  'identity.allNote': [
    'What waits for you to decide comes first. What is asked shows once you open it.',
    'Ce qui attend une décision vient d’abord. Ce qui est demandé se montre quand vous l’ouvrez.',
  ],
  'identity.ownNote': ['Those you made.', 'Celles que vous avez faites.'],
  'identity.none': ['No request was made.', 'Aucune demande n’a été faite.'],
  'identity.noneDo': [
    'Most work needs no name: aggregates and pseudonyms do. Ask only where a person must be reached.',
    'La plupart du travail se passe de nom : agrégats et pseudonymes suffisent. Ne demandez que s’il faut joindre une personne.',
  ],
  'identity.one': ['Who is it?', 'Qui est-ce ?'],
  'identity.asked': ['Asked', 'Demandée'],
  'identity.askedBy': ['Asked by', 'Demandée par'],
  'identity.you': ['you', 'vous'],
  'identity.endsAt': ['Ends', 'Fin'],
  'identity.decidedBy': ['Decided by', 'Décidée par'],
  'identity.decidedAt': ['Decided', 'Décidée'],
  'identity.reason': ['Why it was refused', 'Motif du refus'],
  'identity.pending': ['waits for a second person', 'attend une seconde personne'],
  'identity.approved': ['approved', 'approuvée'],
  'identity.refused': ['refused', 'refusée'],
  'identity.expired': ['expired', 'expirée'],
  'identity.ended': ['over', 'close'],
  'identityNote.pending': [
    'Somebody else, with none of the requester’s roles, approves or refuses it; after seven days it expires.',
    'Quelqu’un d’autre, sans aucun des rôles du demandeur, l’approuve ou la refuse ; après sept jours elle expire.',
  ],
  'identityNote.approved': [
    'The requester, and nobody else, may look until its end.',
    'Le demandeur, et personne d’autre, peut regarder jusqu’à sa fin.',
  ],
  'identityNote.refused': ['What was asked is destroyed.', 'Ce qui était demandé est détruit.'],
  'identityNote.expired': [
    'Nobody decided in time. What was asked is destroyed; make a new request if it is still needed.',
    'Personne n’a décidé à temps. Ce qui était demandé est détruit ; faites une nouvelle demande s’il le faut encore.',
  ],
  'identityNote.ended': [
    'Its time is over. What was asked is destroyed.',
    'Son temps est écoulé. Ce qui était demandé est détruit.',
  ],
  'identity.approve': ['Approve', 'Approuver'],
  'identity.approveNote': [
    'The requester may then see who it is for a limited time. Your decision stands in the audit.',
    'Le demandeur pourra alors voir qui c’est pendant un temps limité. Votre décision figure dans l’audit.',
  ],
  'identity.refuse': ['Refuse', 'Refuser'],
  'identity.refuseWhy': ['Why it is refused', 'Pourquoi elle est refusée'],
  'identity.refuseHint': ['The requester reads it: 3 to 200 characters.', 'Le demandeur le lit : 3 à 200 caractères.'],
  'identity.look': ['Show who it is', 'Montrer qui c’est'],
  'identity.lookNote': [
    'Each look stands in the audit, under the person’s own key, with the purpose.',
    'Chaque regard figure dans l’audit, sous la clé de la personne, avec la finalité.',
  ],
  'identity.shown': [
    'The person is shown; that stands in the audit.',
    'La personne est affichée ; cela figure dans l’audit.',
  ],
  'approvals.lead': [
    'Edits that protect less, or let more people read. What was in force stays until a second person agrees.',
    'Les modifications qui protègent moins, ou laissent lire davantage. Ce qui était en vigueur le reste jusqu’à l’accord d’une seconde personne.',
  ],
  'approvals.none': ['Nothing waits for an approval.', 'Rien n’attend d’approbation.'],
  'approvals.noneDo': [
    'Edits that weaken nothing go live by themselves.',
    'Les modifications qui n’affaiblissent rien entrent en vigueur d’elles-mêmes.',
  ],
  'approvals.access': ['Access policy', 'Politique d’accès'],
  'approvals.weakens': ['What of it weakens protection:', 'Ce qui y affaiblit la protection :'],
  'approvals.more': ['And {count} more.', 'Et {count} de plus.'],
  'approvals.live': ['In force', 'En vigueur'],
  'approvals.inForce': ['The policy in force', 'La politique en vigueur'],
  'approvals.reason': ['Reason to agree', 'Motif de l’accord'],
  'approvals.reasonHint': [
    'Stands in the audit as it is, so it must not name a person.',
    'Figure tel quel dans l’audit, et ne doit donc nommer personne.',
  ],
  'approvals.approve': ['Approve exactly these files', 'Approuver exactement ces fichiers'],
  'approvals.refuse': [
    'To refuse, leave it: nothing changes until somebody approves. Ask its author to take the edit back. Never approve an edit of your own.',
    'Pour refuser, laissez-la : rien ne change tant que personne n’approuve. Demandez à son auteur de revenir en arrière. N’approuvez jamais votre propre modification.',
  ],
  'approvals.done': [
    'Approved: it is in force within moments, wherever the files are.',
    'Approuvée : elle entre en vigueur dans quelques instants, partout où sont les fichiers.',
  ],
  'approvals.approved': ['Approved: {what}', 'Approuvée : {what}'],
}
