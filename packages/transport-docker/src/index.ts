export { dockerTransport } from './transport.ts'
export type { DockerImageReference, DockerTransport } from './transport.ts'
export type {
  Certificates,
  CertificatesLookup,
  CredentialsLookup,
  DockerTransportOptions,
  HostOptions,
} from './options.ts'
export type { RegistryEndpoint, RegistryLookup, RegistryRoute } from './registries.ts'
export type { LoggedIn, LogInOptions } from './log-in.ts'
export { plugin } from './plugin.ts'
export { memoryJournal } from './client/upload/journal.ts'
export type { OpenUpload, UploadJournal, UploadKey } from './client/upload/journal.ts'
export { defaultJournalFolder, folderJournal } from './client/upload/folder-journal.ts'
