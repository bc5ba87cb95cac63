import { ImageError, quoteForeign } from '@crossdock/core'
import {
  checkString,
  fieldPath,
  invalid,
  optional,
  optionalList,
  optionalString,
  type Place,
  requiredString,
} from '../fields.ts'
import { member, parseJsonDocument } from '../json.ts'
import { type AciApp, readAciApp } from './app.ts'
import { foldKeys } from './fold-keys.ts'
import { checkAciIdentifier } from './identifier.ts'
import { checkAciHash } from './image-id.ts'
import { aciPlatformProblem } from './platform.ts'
import { type AciNamedValue, checkUnique, valueOf } from './named-values.ts'

/** The largest App Container manifest that is read, in bytes. */
export const MAX_ACI_MANIFEST_BYTES: number = 4 * 1024 * 1024

/** An image whose files this one is put on top of. */
export interface AciDependency {
  readonly imageName: string
  /** `sha512-…`, whole or only its beginning. */
  readonly imageId?: string | undefined
  readonly labels: readonly AciNamedValue[]
  /** Bytes of the archive, if it says. */
  readonly size?: number | undefined
}

/** The manifest of an App Container Image (appc spec 0.8.11, "Image Manifest Schema"). */
export interface AciManifest {
  readonly acVersion: string
  readonly name: string
  readonly labels: readonly AciNamedValue[]
  readonly app?: AciApp | undefined
  readonly annotations: readonly AciNamedValue[]
  readonly dependencies: readonly AciDependency[]
  /** The only paths that the image has, with what its dependencies bring; empty if it is all of them. */
  readonly pathWhitelist: readonly string[]
}

const VERSION = /^([0-9]+)\.([0-9]+)\.([0-9]+)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/
const KEYS = ['acKind', 'acVersion', 'name', 'labels', 'app', 'annotations', 'dependencies', 'pathWhitelist']
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$/

/**
 * Reads a manifest and checks all that the specification asks for. Members that are not known are passed over, and case does not matter in the
 * names of the others. Throws `INVALID_DATA`, and `LIMIT_EXCEEDED` beyond `MAX_ACI_MANIFEST_BYTES`. `what` names the document in messages.
 */
export function parseAciManifest(bytes: Uint8Array, what = 'App Container manifest'): AciManifest {
  const document = parseJsonDocument(bytes, { what, maxBytes: MAX_ACI_MANIFEST_BYTES })
  const place = foldKeys(document, `${what}:`, KEYS)
  if (member(place.object, 'acKind') !== 'ImageManifest') {
    throw new ImageError('INVALID_DATA', `${what} is not of an image: its acKind must be "ImageManifest"`)
  }
  const app = optional(place, 'app')
  return {
    acVersion: readVersion(place),
    name: checkAciIdentifier(requiredString(place, 'name'), fieldPath(place.where, 'name')),
    labels: readLabels(place),
    ...(app !== undefined && { app: readAciApp(app, fieldPath(place.where, 'app')) }),
    annotations: readAnnotations(place),
    dependencies: optionalList(place, 'dependencies', readDependency) ?? [],
    pathWhitelist: optionalList(place, 'pathWhitelist', checkString) ?? [],
  }
}

function readVersion(place: Place): string {
  const version = requiredString(place, 'acVersion')
  const numbers = VERSION.exec(version)?.slice(1, 4) ?? []
  if (numbers.length === 3 && numbers.some((number) => Number(number) > 0)) return version
  throw invalid(fieldPath(place.where, 'acVersion'), `"${quoteForeign(version, 60)}" is no version such as 0.8.11`)
}

function readLabels(place: Place): readonly AciNamedValue[] {
  const labels = readNamedValues(place, 'labels')
  const where = fieldPath(place.where, 'labels')
  if (labels.some(({ name }) => name === 'name')) throw invalid(where, 'no label may be called "name"')
  const problem = aciPlatformProblem(valueOf(labels, 'os'), valueOf(labels, 'arch'))
  if (problem !== undefined) throw invalid(where, problem)
  return labels
}

function readAnnotations(place: Place): readonly AciNamedValue[] {
  const annotations = readNamedValues(place, 'annotations')
  for (const { name, value } of annotations) {
    const where = `${fieldPath(place.where, 'annotations')}: ${name}`
    if (name === 'created' && !(DATE.test(value) && Number.isFinite(Date.parse(value)))) {
      throw invalid(where, `"${quoteForeign(value, 60)}" is no date of RFC 3339`)
    }
    if ((name === 'homepage' || name === 'documentation') && !/^https?:\/\//i.test(value)) {
      throw invalid(where, `"${quoteForeign(value, 200)}" is no http or https URL`)
    }
  }
  return annotations
}

function readNamedValues(place: Place, key: string): readonly AciNamedValue[] {
  const found = optionalList(place, key, readNamedValue) ?? []
  checkUnique(found, fieldPath(place.where, key))
  return found
}

function readNamedValue(value: unknown, where: string): AciNamedValue {
  const place = foldKeys(value, where, ['name', 'value'])
  return {
    name: checkAciIdentifier(requiredString(place, 'name'), fieldPath(where, 'name')),
    value: optionalString(place, 'value') ?? '',
  }
}

function readDependency(value: unknown, where: string): AciDependency {
  const place = foldKeys(value, where, ['imageName', 'imageID', 'labels', 'size'])
  const imageId = optionalString(place, 'imageID')
  const size = optional(place, 'size')
  if (size !== undefined && !(Number.isSafeInteger(size) && Number(size) >= 0)) {
    throw invalid(fieldPath(where, 'size'), 'must be a number of bytes')
  }
  return {
    imageName: checkAciIdentifier(requiredString(place, 'imageName'), fieldPath(where, 'imageName')),
    ...(imageId !== undefined && { imageId: checkAciHash(imageId, fieldPath(where, 'imageID')) }),
    labels: readLabels(place),
    ...(typeof size === 'number' && size > 0 && { size }),
  }
}
