import { readStrictJson } from '@crossdock/config'
import type { Bundle } from '@sigstore/bundle'
import type { TrustMaterial } from '@sigstore/verify'
import { createHash } from 'node:crypto'
import type { PublicKey } from '../keys/public-key.ts'
import { matchSigner, MAX_LOG_ENTRY_BYTES } from '../log/log-entry.ts'
import { rejected } from '../rejection.ts'
import type { SigstoreLogEvidence } from '../trust.ts'

type LogEntry = Bundle['verificationMaterial']['tlogEntries'][number]
type LogAuthority = TrustMaterial['tlogs'][number]

const BEGINNING = new Date(0)
const END = new Date(8.64e15)
/** Who signed a checkpoint: `rekor.sigstore.dev`. An em dash leads to it. */
const SIGNATURE_NAME = /\u2014 (\S+)/g
const MAX_NAMES = 16
const LOG_NAME = /^[A-Za-z0-9._/:-]{1,200}$/

/** Where a kind of entry names the certificate or key that belongs to its signature. */
const SIGNER_PLACES: ReadonlyMap<string, readonly (string | number)[]> = new Map([
  ['hashedrekord 0.0.1', ['spec', 'signature', 'publicKey', 'content']],
  ['dsse 0.0.1', ['spec', 'signatures', 0, 'verifier']],
  ['intoto 0.0.2', ['spec', 'content', 'envelope', 'signatures', 0, 'publicKey']],
])

/** The logs of a policy, which knows them by their keys alone, as the verifying library takes them for these entries. */
export function logAuthorities(keys: readonly PublicKey[], entries: readonly LogEntry[]): LogAuthority[] {
  return keys.map(({ key, der }) => ({
    logID: createHash('sha256').update(der).digest(),
    baseURL: checkpointNames(entries),
    publicKey: key,
    validFor: { start: BEGINNING, end: END },
  }))
}

/**
 * The library looks whether the name of each signature of a checkpoint, which it takes for a pattern, occurs in the log's address. Here the key
 * decides, and names are none of the policy's business: the address is all of them, once it is sure that they are no patterns.
 */
function checkpointNames(entries: readonly LogEntry[]): string {
  const notes = entries.map(({ inclusionProof }) => inclusionProof?.checkpoint?.envelope ?? '')
  const names = notes.flatMap((note) => [...note.matchAll(SIGNATURE_NAME)].map(([, name = '']) => name))
  if (names.length > MAX_NAMES || !names.every((name) => LOG_NAME.test(name))) {
    throw rejected('the checkpoint of the log has too many signatures, or one of a strange name')
  }
  return names.join(' ')
}

/** Checks that the entry is about this signer, DER of the certificate or key. Throws `REJECTED_BY_POLICY` and `INVALID_DATA`. */
export function checkEntrySigner(entry: LogEntry, signer: Uint8Array): void {
  const { kind, version } = entry.kindVersion
  const place = SIGNER_PLACES.get(`${kind} ${version}`)
  if (place === undefined) throw rejected('the log entry is of a kind that is not supported')
  const document = readStrictJson(entry.canonicalizedBody, { what: 'the log entry', maxBytes: MAX_LOG_ENTRY_BYTES })
  matchSigner(document, place, signer)
}

/** Only what is under the log's promise has a time that can be relied on. */
export function logEvidence(entry: LogEntry): SigstoreLogEvidence {
  const index = Number(entry.logIndex)
  return entry.inclusionPromise === undefined
    ? { index }
    : { index, time: new Date(Number(entry.integratedTime) * 1000) }
}
