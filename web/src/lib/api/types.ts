// The server's words for things, taken from the generated schema under short names.

import type { components } from './schema';

type Schemas = components['schemas'];

export type Status = Schemas['Status'];
export type SessionSummary = Schemas['SessionSummary'];
export type Snapshot = Schemas['Snapshot'];
export type Preview = Schemas['Preview'];
export type CreateSession = Schemas['CreateSession'];
export type WorkspaceSpec = Schemas['WorkspaceSpec'];
export type WhenBusy = Schemas['WhenBusy'];
export type Programs = Schemas['Programs'];
export type Network = Schemas['Network'];
export type HostRule = Schemas['HostRule'];
export type HostQuestion = Schemas['HostQuestion'];
export type Verdict = Schemas['Verdict'];
export type QueuedPrompt = Schemas['QueuedPrompt'];
export type Mode = Schemas['Mode'];
export type Grant = Schemas['Grant'];
export type FreeQuestion = Schemas['FreeQuestion'];
export type Question = Schemas['Question'];
export type Answer = Schemas['Answer'];
export type ListedAgent = Schemas['ListedAgent'];
export type AgentDefinition = Schemas['AgentDefinition'];
export type OpenCall = Schemas['OpenCall'];
export type Usage = Schemas['Usage'];
export type Bound = Schemas['Bound'];
export type RunResult = Schemas['RunResult'];
export type Failure = Schemas['Failure'];
export type Artifact = Schemas['Artifact'];
export type Delta = Schemas['Delta'];
export type ToolContent = Schemas['ToolContent'];
export type CallOutcome = Schemas['CallOutcome'];
export type CallStatus = Schemas['CallStatus'];
export type AssistantPart = Schemas['AssistantPart'];
export type Entry = Schemas['Entry'];
export type Listing = Schemas['Listing'];
export type Measurement = Schemas['Measurement'];
export type Finding = Schemas['Finding'];
export type ModelInfo = Schemas['ModelInfo'];
export type ProviderInfo = Schemas['ProviderInfo'];
export type ProviderList = Schemas['ProviderList'];
export type ProviderTest = Schemas['ProviderTest'];
export type ToolServer = Schemas['ToolServer'];
export type PutToolServer = Schemas['PutToolServer'];
export type ToolServerList = Schemas['ToolServerList'];
export type ToolBrief = Schemas['ToolBrief'];
export type TestedServer = Schemas['TestedServer'];
export type HostSecret = Schemas['HostSecret'];
export type Found = Schemas['Found'];
export type Scope = Schemas['Scope'];
export type Key = Schemas['Key'];
export type Profile = Schemas['Profile'];
export type Terminal = Schemas['Terminal'];
export type TerminalExit = Schemas['TerminalExit'];
export type TerminalSize = Schemas['TerminalSize'];
export type TerminalServerFrame = Schemas['TerminalServerFrame'];
export type CreatedKey = Schemas['CreatedKey'];
export type Me = Schemas['Me'];
export type ServerStatus = Schemas['ServerStatus'];

/** An event as it arrives: one of the known kinds. Kinds from a newer server are possible and are passed over. */
export type SessionEvent = Schemas['EventBody'] & { session: string; seq: number; at: number };
