import { readStrictJson, type StrictJson } from '@crossdock/config'
import { exactObjectAt, integerAt, textAt } from '../../documents/json-object.ts'
import { keyVerifies, type PublicKey } from '../keys/public-key.ts'
import { rejected } from '../rejection.ts'
import { requireBase64 } from '../strict-base64.ts'
import { matchHashedRekord, MAX_LOG_ENTRY_BYTES, type RecordedSignature } from './log-entry.ts'

/** When a log says that it recorded a signature, and as which of its entries. */
export interface SignedLogTime {
  readonly index: number
  readonly time: Date
}

/**
 * Checks a log's promise that it has recorded a signature, as cosign's annotation `dev.sigstore.cosign/bundle` holds it: signed
 * by one of the logs, over an entry for this very signature. Whether the log kept the promise needs an inclusion proof, which this form has not.
 *
 * Throws `REJECTED_BY_POLICY`, `INVALID_DATA` and `LIMIT_EXCEEDED`.
 */
export function verifySignedEntryTimestamp(
  text: string,
  logKeys: readonly PublicKey[],
  recorded: RecordedSignature,
): SignedLogTime {
  const what = "the log's signed entry timestamp"
  const document = readStrictJson(Buffer.from(text), { what, maxBytes: MAX_LOG_ENTRY_BYTES })
  exactObjectAt(document, [], ['SignedEntryTimestamp', 'Payload'])
  const promise = requireBase64(textAt(document, ['SignedEntryTimestamp']), what)
  const entry = readEntry(document)
  const signed = canonicalEntry(entry)
  if (!logKeys.some((key) => keyVerifies(key, signed, promise))) {
    throw rejected('none of the trusted logs made the signed entry timestamp')
  }
  matchHashedRekord(requireBase64(entry.body, 'the log entry'), recorded)
  return { index: entry.logIndex, time: new Date(entry.integratedTime * 1000) }
}

interface LogEntry {
  readonly body: string
  /** Seconds since 1970. */
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
}

function readEntry(document: StrictJson): LogEntry {
  exactObjectAt(document, ['Payload'], ['body', 'integratedTime', 'logID', 'logIndex'])
  return {
    body: textAt(document, ['Payload', 'body']),
    integratedTime: integerAt(document, ['Payload', 'integratedTime']),
    logID: textAt(document, ['Payload', 'logID']),
    logIndex: integerAt(document, ['Payload', 'logIndex']),
  }
}

/** RFC 8785. For text and whole numbers `JSON.stringify` is canonical if the keys come in order. */
function canonicalEntry({ body, integratedTime, logID, logIndex }: LogEntry): Uint8Array {
  return Buffer.from(JSON.stringify({ body, integratedTime, logID, logIndex }))
}
