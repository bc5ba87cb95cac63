export { MAX_CONFIG_FILE_BYTES, readConfigFile } from './documents/bounded-file.ts'
export type { ReadConfigFileOptions } from './documents/bounded-file.ts'
export type { ConfigDocument, DocumentPath } from './documents/config-document.ts'
export { fieldsOf } from './documents/fields.ts'
export type { Fields } from './documents/fields.ts'
export { readYaml } from './documents/yaml.ts'
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
export { findCertificates, findCertificatesFolder } from './certs-d/find-certificates.ts'
export type { CertificatesFolder, FindCertificatesOptions } from './certs-d/find-certificates.ts'
export { readCertificates } from './certs-d/read-certificates.ts'
export type { Certificates, ReadCertificatesOptions } from './certs-d/read-certificates.ts'
export { loadHostConfig } from './host-config.ts'
export type { HostConfig, HostConfigOptions } from './host-config.ts'
export { parseAuthKey } from './auth/auth-key.ts'
export type { AuthKey } from './auth/auth-key.ts'
export { authFiles } from './auth/auth-files.ts'
export type { AuthFile } from './auth/auth-files.ts'
export type { AuthOptions } from './auth/auth-options.ts'
export type {
  Credentials,
  CredentialsOrigin,
  CredentialsQuery,
  FoundCredentials,
  IdentityTokenCredentials,
  PasswordCredentials,
  RegistryTokenCredentials,
} from './auth/credentials.ts'
export { eraseAllCredentials, eraseCredentials } from './auth/erase-credentials.ts'
export { explainCredentials } from './auth/explain-credentials.ts'
export type { CredentialsExplanation, ExplainedAuthFile } from './auth/explain-credentials.ts'
export { credentialsLookup, lookUpCredentials } from './auth/look-up.ts'
export type { CredentialsLookup } from './auth/look-up.ts'
export { storeCredentials } from './auth/store-credentials.ts'
export type { StorableCredentials } from './auth/store-credentials.ts'
export { rktCredentials } from './rkt/credentials.ts'
export { loadRktConfig } from './rkt/load.ts'
export type { LoadRktConfigOptions } from './rkt/load.ts'
export type { RktAuth, RktConfig, RktCredentials, RktPath, RktStage1 } from './rkt/rkt-config.ts'
export { explain } from './explain/explain.ts'
export type {
  CertificatesExplanation,
  Explanation,
  HostExplanation,
  PolicyExplanation,
  RegistriesExplanation,
  ShortNameExplanation,
  SignaturesExplanation,
  SourceExplanation,
} from './explain/explanation.ts'
export { explainedSubject } from './explain/subject.ts'
export type { ExplainedSubject } from './explain/subject.ts'
