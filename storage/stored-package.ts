// What is known of an export’s package, beside its sealed pieces in the lake.

/** Where the sealed package of an export rests, once for each of its persons, in collection `packages`. */
export interface StoredPackage {
  /** Id of the request. */
  request: string
  /** A person's pseudonym. */
  subject: string
  endsAt: string
  /** Bytes, before sealing. */
  size: number
  /** Files in the lake: `exports/<request>/<n>`. */
  pieces: number
  /** Base64: the pieces' key, under the package's own key and that of each person. */
  sealedKey: string
}
