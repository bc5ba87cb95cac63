import { checkedObject, type CheckedObject, type PolicyValue } from './checked-object.ts'
import { parseIdentity } from './parse-identity.ts'
import { keySource, keySources, onlyOne } from './parse-key-sources.ts'
import type { FulcioIdentity, KeySource, PkiIdentity, SigstoreSigned, SigstoreTrustSources } from './policy.ts'

const TRUST = ['keyPath', 'keyPaths', 'keyData', 'keyDatas', 'fulcio', 'pki']
const REKOR = ['rekorPublicKeyPath', 'rekorPublicKeyPaths', 'rekorPublicKeyData', 'rekorPublicKeyDatas']

/** A requirement `sigstoreSigned` (containers-policy.json(5)). Throws `INVALID_DATA`. */
export function parseSigstoreSigned(place: PolicyValue): SigstoreSigned {
  const object = checkedObject(place, ['type', ...TRUST, ...REKOR, 'signedIdentity'])
  return {
    type: 'sigstoreSigned',
    trust: parseTrust(object, parseRekorKeys(object)),
    signedIdentity: parseIdentity(object.value('signedIdentity')),
  }
}

/** Undefined if the members are missing. */
function parseRekorKeys(object: CheckedObject): readonly KeySource[] | undefined {
  if (!REKOR.some((key) => object.has(key))) return undefined
  const given = onlyOne(object, REKOR)
  const keys = { path: 'rekorPublicKeyPath', paths: 'rekorPublicKeyPaths' }
  const sources = keySources(object, { ...keys, data: 'rekorPublicKeyData', datas: 'rekorPublicKeyDatas' })
  if (sources.length === 0) throw object.error(`${given} is empty`)
  return sources
}

function parseTrust(object: CheckedObject, rekorKeys: readonly KeySource[] | undefined): SigstoreTrustSources {
  const given = onlyOne(object, TRUST)
  if (given === 'fulcio') {
    if (rekorKeys === undefined) {
      throw object.error(
        'with fulcio a key of a Rekor log is needed, such as rekorPublicKeyPath: the log says when it was signed',
      )
    }
    return { kind: 'fulcio', ...parseFulcio(object.required('fulcio')), rekorKeys }
  }
  if (given === 'pki') {
    if (rekorKeys !== undefined) throw object.error('pki and keys of a Rekor log exclude each other')
    return { kind: 'pki', ...parsePki(object.required('pki')) }
  }
  const keys = keySources(object, { path: 'keyPath', paths: 'keyPaths', data: 'keyData', datas: 'keyDatas' })
  if (keys.length === 0) throw object.error(`${given} is empty`)
  return { kind: 'keys', keys, rekorKeys: rekorKeys ?? [] }
}

function parseFulcio(place: PolicyValue): FulcioIdentity {
  const object = checkedObject(place, ['caPath', 'caData', 'oidcIssuer', 'subjectEmail', 'subjectURI'])
  const ca = keySource(object, { path: 'caPath', data: 'caData' })
  const oidcIssuer = object.requiredText('oidcIssuer')
  if (!object.has('subjectEmail') && !object.has('subjectURI')) {
    throw object.error('subjectEmail or subjectURI is missing: without one, whoever the authority knows could sign')
  }
  return { ca, oidcIssuer, subjectEmail: object.text('subjectEmail'), subjectURI: object.text('subjectURI') }
}

function parsePki(place: PolicyValue): PkiIdentity {
  const authorities = ['caRootsPath', 'caRootsData', 'caIntermediatesPath', 'caIntermediatesData']
  const object = checkedObject(place, [...authorities, 'subjectEmail', 'subjectHostname'])
  const between = { path: 'caIntermediatesPath', data: 'caIntermediatesData' }
  if (!object.has('subjectEmail') && !object.has('subjectHostname')) {
    throw object.error('subjectEmail or subjectHostname is missing: without one, whoever has a certificate could sign')
  }
  return {
    roots: keySource(object, { path: 'caRootsPath', data: 'caRootsData' }),
    intermediates: object.has(between.path) || object.has(between.data) ? keySource(object, between) : undefined,
    subjectEmail: object.text('subjectEmail'),
    subjectHostname: object.text('subjectHostname'),
  }
}
