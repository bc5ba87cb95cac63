import { AUTH_FILES_HELPER } from '../auth/look-up.ts'
import type { RegistriesConf, RegistriesConfFile, Sourced } from './registries-conf.ts'

/**
 * What the files say together: a prefix and an alias as the last file has them that names them, whole; of every other key the value of the last
 * file with it.
 */
export function mergeRegistriesConf(files: readonly RegistriesConfFile[]): RegistriesConf {
  const last = <Value>(read: (file: RegistriesConfFile) => Value | undefined): Sourced<Value> | undefined => {
    const file = files.findLast((candidate) => read(candidate) !== undefined)
    const value = file === undefined ? undefined : read(file)
    return file === undefined || value === undefined ? undefined : { value, file: file.file }
  }
  const registries = new Map(files.flatMap((file) => file.registries).map((entry) => [entry.prefix, entry]))
  const helpers = last((file) => file.credentialHelpers)
  return {
    registries: [...registries.values()].toSorted((one, other) => (one.prefix < other.prefix ? -1 : 1)),
    unqualifiedSearchRegistries: last((file) => file.unqualifiedSearchRegistries) ?? { value: [], file: undefined },
    credentialHelpers:
      helpers === undefined || helpers.value.length === 0
        ? { value: [AUTH_FILES_HELPER], file: helpers?.file }
        : helpers,
    shortNameMode: last((file) => file.shortNameMode) ?? { value: 'permissive', file: undefined },
    additionalLayerStoreAuthHelper: last((file) => file.additionalLayerStoreAuthHelper),
    aliases: new Map(files.flatMap((file) => [...file.aliases])),
    notes: files.flatMap(({ notes }) => notes),
  }
}
