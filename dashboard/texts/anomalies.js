// Texts of anomalies.

export const anomalies = {
  'anomalies.lead': [
    'Things that should not be: copies of an event with other content, records that cannot be read.',
    'Ce qui ne devrait pas être : des copies d’un événement au contenu différent, des enregistrements illisibles.',
  ],
  'anomalies.detectedAt': ['Detected', 'Détectée'],
  'anomalies.kind': ['Kind', 'Sorte'],
  'anomalies.severity': ['Severity', 'Gravité'],
  'anomalies.detail': ['Detail', 'Détail'],
  'anomalies.none': ['No anomaly.', 'Aucune anomalie.'],
  'anomalies.noneDo': [
    'Nothing unusual was seen in this dataset. What is rejected stands under Quarantine.',
    'Rien d’inhabituel dans ce jeu de données. Ce qui est rejeté figure sous Quarantaine.',
  ],
  'anomaly.conflict': ['conflicting copy', 'copie divergente'],
  'anomaly.unreadable-record': ['unreadable record', 'enregistrement illisible'],
  'severity.low': ['low', 'faible'],
  'severity.medium': ['medium', 'moyenne'],
  'severity.high': ['high', 'élevée'],
  'severity.critical': ['critical', 'critique'],
  'severity.warning': ['warning', 'avertissement'],
}
