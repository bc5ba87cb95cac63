import { checkedObject, objectMembers, type PolicyValue } from './checked-object.ts'
import { keySources, onlyOne } from './parse-key-sources.ts'
import type { AppcIdentity, AppcKeySource, AppcSignedBy } from './policy.ts'
import { appcNameProblem } from '../appc/appc-name.ts'

/** A requirement `appcSignedBy`, an extension (decision 15). Throws `INVALID_DATA`. */
export function parseAppcSignedBy(place: PolicyValue): AppcSignedBy {
  const object = checkedObject(place, ['type', 'keyPath', 'keyPaths', 'keyData', 'keyStores', 'signedIdentity'])
  const given = onlyOne(object, ['keyPath', 'keyPaths', 'keyData', 'keyStores'])
  const folders = object.texts('keyStores')
  const keys = keySources(object, { path: 'keyPath', paths: 'keyPaths', data: 'keyData' })
  if ((folders ?? keys).length === 0) throw object.error(`${given} is empty`)
  const source: AppcKeySource = folders === undefined ? { kind: 'keys', keys } : { kind: 'keyStores', folders }
  return { type: 'appcSignedBy', keys: source, signedIdentity: parseAppcIdentity(object.value('signedIdentity')) }
}

function parseAppcIdentity(place: PolicyValue | undefined): AppcIdentity {
  if (place === undefined) return { type: 'matchName' }
  const type = objectMembers(place).get('type')
  if (type?.value === 'matchName') {
    checkedObject(place, ['type'])
    return { type: 'matchName' }
  }
  if (type?.value === 'exactName') return { type: 'exactName', name: name(place, 'name') }
  if (type?.value === 'namePrefix') return { type: 'namePrefix', prefix: name(place, 'prefix') }
  const { document, path } = type ?? place
  throw document.error(path, 'the type of identity is not known; known for appc are matchName, exactName, namePrefix')
}

function name(place: PolicyValue, key: string): string {
  const object = checkedObject(place, ['type', key])
  const text = object.requiredText(key)
  const problem = appcNameProblem(text)
  if (problem === undefined) return text
  const { document, path } = object.required(key)
  throw document.error(path, problem)
}
