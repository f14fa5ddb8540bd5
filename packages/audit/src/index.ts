export {
	type EvidenceClaim,
	type EvidenceFile,
	evidenceText,
	manifestBytes,
	parseEvidenceText,
	parseManifest,
	signEvidence,
} from './evidence/claim.ts';
export { type ExportOptions, exportLog, proofPath, vkeyPath } from './export/export-log.ts';
export { type Opened, payloadsBytes, payloadsPath, verifyPayloads } from './export/payloads.ts';
export type { SeenEntry } from './export/seen-entry.ts';
export { auditFormatLimits } from './limits.ts';
export {
	type Checkpoint,
	checkpointText,
	originOf,
	parseCheckpointText,
	signCheckpoint,
	verifyCheckpoint,
} from './log/checkpoint.ts';
export { emptyRoot, hashBytes, hashChildren, hashLeaf, sameBytes } from './log/hash.ts';
export {
	acceptCosignature,
	cosignedAt,
	cosignNote,
	isSignedBy,
	type Note,
	type NoteKey,
	type NoteKeyKind,
	type NoteSignature,
	type NoteSigner,
	noteBytes,
	noteKey,
	parseNote,
	parseVkey,
	signatureLine,
	vkeyText,
} from './log/note.ts';
export { proveConsistency, proveInclusion, rootAt, verifyConsistency, verifyInclusion } from './log/proof.ts';
export {
	checkpointPath,
	decodeBundle,
	edgeTiles,
	encodeBundle,
	entriesPath,
	integrate,
	type LogFile,
	type LogPath,
	type LogReader,
	type LogState,
	numberPath,
	parseLogPath,
	readBundle,
	tileBytes,
	tilePath,
} from './log/tiles.ts';
export { parseTlogProof, type TlogProof, tlogProofBytes, verifyTlogProof } from './log/tlog-proof.ts';
export {
	edgeBytes,
	edgeWidth,
	emptyTree,
	type FullTile,
	grow,
	levelsOf,
	readEdge,
	rootOf,
	rootOfTile,
	splitHashes,
	type Tree,
	tileWidth,
} from './log/tree.ts';
export type { Actor, AuditEvent, Erasure } from './record/event.ts';
export { type EventTypeRow, eventTypes, missingFields, type RequiredField } from './record/event-types.ts';
export {
	type Leaf,
	type MadeLeaf,
	makeLeaf,
	openLeaf,
	type PrivateRecord,
	parseLeaf,
	saltBytes,
} from './record/leaf.ts';
export { type VerifiedLog, type VerifyOptions, verifyLog } from './verify/verify-log.ts';
