import { quoteForeign } from '@crossdock/core'
import { parseAppcSignedBy } from './parse-appc.ts'
import { checkedObject, objectMembers, type PolicyValue } from './checked-object.ts'
import { parseIdentity } from './parse-identity.ts'
import { keySources, onlyOne } from './parse-key-sources.ts'
import { parseSigstoreSigned } from './parse-sigstore.ts'
import type { PolicyRequirement, SignedBy, SignedByKeyType } from './policy.ts'

const PARSERS: Readonly<Record<PolicyRequirement['type'], (place: PolicyValue) => PolicyRequirement>> = {
  insecureAcceptAnything: parseBare('insecureAcceptAnything'),
  reject: parseBare('reject'),
  signedBy: parseSignedBy,
  signedBaseLayer: (place) => {
    const object = checkedObject(place, ['type', 'baseLayerIdentity'])
    return { type: 'signedBaseLayer', baseLayerIdentity: parseIdentity(object.required('baseLayerIdentity')) }
  },
  sigstoreSigned: parseSigstoreSigned,
  appcSignedBy: parseAppcSignedBy,
}

/** One of a list of requirements. Throws `INVALID_DATA`. */
export function parseRequirement(place: PolicyValue): PolicyRequirement {
  const type = objectMembers(place).get('type')
  if (type === undefined) throw place.document.error(place.path, '"type" is missing')
  const { value } = type
  if (typeof value !== 'string' || !isRequirementType(value)) {
    const shown = typeof value === 'string' ? ` "${quoteForeign(value, 60)}"` : ''
    throw type.document.error(
      type.path,
      `the type of requirement${shown} is not known; known are ${Object.keys(PARSERS).join(', ')}`,
    )
  }
  return PARSERS[value](place)
}

function isRequirementType(text: string): text is PolicyRequirement['type'] {
  return Object.hasOwn(PARSERS, text)
}

function parseBare<Type extends 'insecureAcceptAnything' | 'reject'>(
  type: Type,
): (place: PolicyValue) => { readonly type: Type } {
  return (place) => {
    checkedObject(place, ['type'])
    return { type }
  }
}

const KEY_TYPES: readonly SignedByKeyType[] = ['GPGKeys', 'signedByGPGKeys', 'X509Certificates', 'signedByX509CAs']

function parseSignedBy(place: PolicyValue): SignedBy {
  const object = checkedObject(place, ['type', 'keyType', 'keyPath', 'keyPaths', 'keyData', 'signedIdentity'])
  const given = object.requiredText('keyType')
  const keyType = KEY_TYPES.find((known) => known === given)
  if (keyType === undefined) {
    throw object.error(`the keyType "${quoteForeign(given, 60)}" is not known; known are ${KEY_TYPES.join(', ')}`)
  }
  onlyOne(object, ['keyPath', 'keyPaths', 'keyData'])
  return {
    type: 'signedBy',
    keyType,
    keys: keySources(object, { path: 'keyPath', paths: 'keyPaths', data: 'keyData' }),
    signedIdentity: parseIdentity(object.value('signedIdentity')),
  }
}
