/** Why a flag that other tools know is refused, and what to do instead. None of these is ever ignored. */
const REASONS: readonly (readonly [flags: readonly string[], reason: string])[] = [
  [
    ['sign-by-sq-fingerprint'],
    'keys in the store of Sequoia are not used; export the key, and name the file with --sign-key',
  ],
  [['encryption-key', 'encrypt-layer', 'decryption-key'], 'layers are neither encrypted nor decrypted'],
  [['additional-tag'], 'an image is copied under one name; copy it again under the other, which moves nothing'],
  [['tls-details'], 'TLS versions and ciphers cannot be chosen; TLS 1.2 is the least that is accepted'],
  [['manifest-digest'], 'the digest is the sha256 one that the registry knows the image by'],
]

/** Undefined for a flag that nobody knows. `flag` begins with its dashes and has no value. */
export function unsupportedReason(flag: string): string | undefined {
  const name = flagName(flag)
  return REASONS.find(([flags]) => flags.includes(name))?.[1]
}

function flagName(flag: string): string {
  return flag.replace(/^--(?:src-|dest-)?/, '')
}
