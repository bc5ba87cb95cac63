export type {
  CommitIngestOptions,
  CommittedContent,
  ContentHandle,
  ContentInfo,
  ContentStore,
  Ingest,
  IngestStatus,
  OpenIngestOptions,
} from './contents.ts'
export type { DeleteImageOptions, ImageFieldPath, ImageNames, ImageRecord, NewImageRecord } from './image-names.ts'
export type { Labels } from './labels.ts'
export type { CreateLeaseOptions, Lease, LeaseResource, Leases } from './leases.ts'
export type { Collected, CollectOptions, Finding, Store, VerifyOptions } from './store.ts'
export type { HttpRecord, HttpRecords, NewHttpRecord } from './http-records.ts'
export { openStore } from './open-store.ts'
export type { OpenStoreOptions } from './open-store.ts'
export { defaultStoreFolder } from './store-folder.ts'
export type { DefaultStoreFolderOptions } from './store-folder.ts'
