export { MAX_CONFIG_FILE_BYTES, readConfigFile } from './documents/bounded-file.ts'
export type { ReadConfigFileOptions } from './documents/bounded-file.ts'
export { readStrictJson } from './documents/strict-json.ts'
export type { JsonPath, StrictJson, StrictJsonOptions } from './documents/strict-json.ts'
export { hostEnvironment } from './host/host-environment.ts'
export type { HostEnvironment } from './host/host-environment.ts'
export { findPolicyFile, POLICY_VARIABLE, policyFilePlaces } from './policy-file/find-policy-file.ts'
export type { FindPolicyFileOptions, PolicyFile } from './policy-file/find-policy-file.ts'
export { loadRegistriesConf } from './registries-conf/load.ts'
export type { LoadedRegistriesConf, LoadRegistriesConfOptions } from './registries-conf/load.ts'
export type {
  Mirror,
  Origin,
  RegistriesConf,
  RegistryEntry,
  ShortNameAlias,
  ShortNameMode,
  Sourced,
} from './registries-conf/registries-conf.ts'
export { registryRoute } from './registries-conf/registry-route.ts'
export type { RegistryEndpoint, RegistryRoute } from './registries-conf/registry-route.ts'
export { resolveShortName } from './registries-conf/resolve-short-name.ts'
export type { ShortNameCandidate, ShortNameResolution } from './registries-conf/resolve-short-name.ts'
export { readShortNameCache, shortNameCacheFile } from './registries-conf/short-name-cache.ts'
export { loadRegistriesD } from './registries-d/load.ts'
export type { LoadedRegistriesD, LoadRegistriesDOptions } from './registries-d/load.ts'
export type { RegistriesD, SignatureNamespace, StorageUrl } from './registries-d/registries-d.ts'
export { signatureConfig } from './registries-d/signature-config.ts'
export type { SignatureConfig, SignatureSetting } from './registries-d/signature-config.ts'
export type { SearchedPlace } from './host/find-files.ts'
