/** Object identifiers as the hexadecimal digits of their DER content: no two identifiers are written alike. */

export const SUBJECT_ALT_NAME = '551d11'
export const BASIC_CONSTRAINTS = '551d13'
export const NAME_CONSTRAINTS = '551d1e'
export const EXTENDED_KEY_USAGE = '551d25'

/** 1.3.6.1.5.5.7.3.3 (RFC 5280, 4.2.1.12) */
export const CODE_SIGNING = '2b06010505070303'
export const ANY_USAGE = '551d2500'

/** Fulcio, "OID information": 1.3.6.1.4.1.57264.1.1 is the bare text, .8 the DER of a string. */
export const ISSUER_V1 = '2b0601040183bf300101'
export const ISSUER_V2 = '2b0601040183bf300108'

/** Extensions that are understood here or cannot widen what a certificate is good for; any other that is critical is refused. */
export const UNDERSTOOD: ReadonlySet<string> = new Set([
  SUBJECT_ALT_NAME,
  BASIC_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  '551d0e', // subject key identifier
  '551d0f', // key usage: checked by OpenSSL when an issuer is looked for
  '551d23', // authority key identifier: likewise
  '551d1f', // CRL distribution points
  '551d20', // certificate policies
  '2b06010505070101', // authority information access
])

/** Signatures over SHA-2: RSA PKCS #1 v1.5, ECDSA, Ed25519. */
export const STRONG_SIGNATURES: ReadonlySet<string> = new Set([
  '2a864886f70d01010b',
  '2a864886f70d01010c',
  '2a864886f70d01010d',
  '2a8648ce3d040302',
  '2a8648ce3d040303',
  '2a8648ce3d040304',
  '2b6570',
])
