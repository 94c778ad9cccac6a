/** Errors of the cluster, the network and Kafka's protocol. */
export const protocolMessages = {
  MR_PROTOCOL_RESPONSE: (d: {
    readonly api: string
    readonly code: number
    readonly name: string
    readonly what: string
  }): string => `${d.api}: the broker answered ${d.code} ${d.name} for ${d.what}.`,
  MR_PROTOCOL_OFFERED: (d: {
    readonly api: string
    readonly broker: string
    readonly offered: string
    readonly spoken: string
  }): string =>
    `${d.broker} offers ${d.api} in versions ${d.offered}, this release speaks ${d.spoken}; use a broker of Kafka 3.7 or newer, or a newer release of Millrace.`,
  MR_PROTOCOL_DEADLINE: (d: { readonly what: string; readonly timeoutMs: number; readonly reason: string }): string =>
    `${d.what} did not succeed within ${d.timeoutMs} ms; the last failure was: ${d.reason}`,
  MR_PROTOCOL_AUTHORIZATION: (d: { readonly api: string; readonly what: string; readonly name: string }): string =>
    `${d.api}: the broker answered ${d.name} for ${d.what}. Grant this user the right (docs: errors), or use another user.`,
  MR_PROTOCOL_TOPIC_MISSING: (d: { readonly topic: string }): string =>
    `Topic "${d.topic}" does not exist. Create it, correct its name, or check that this user may describe it.`,
  MR_PROTOCOL_TOPIC_REPLACED: (d: { readonly topic: string }): string =>
    `Topic "${d.topic}" was deleted and created again: offsets and state belong to the topic that is gone. Reset the application, or use another application id.`,
  MR_PROTOCOL_PARTITION_MISSING: (d: {
    readonly topic: string
    readonly partition: number
    readonly partitions: number
  }): string =>
    `Topic "${d.topic}" has no partition ${d.partition}${d.partitions < 0 ? '' : `, it has ${d.partitions}`}. Correct the partitioner, or create partitions.`,
  MR_PROTOCOL_OFFSET_RANGE: (d: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
  }): string =>
    `Offset ${d.offset} of ${d.topic}-${d.partition} does not exist: retention or DeleteRecords removed it, or the log was cut. Choose a reset policy, or start from the first offset.`,
  MR_PROTOCOL_PRODUCE: (d: {
    readonly topic: string
    readonly partition: number
    readonly records: number
    readonly code: number
    readonly name: string
    readonly reason: string
  }): string =>
    `${d.topic}-${d.partition} refused ${d.records} record(s): ${d.code} ${d.name}${d.reason === '' ? '' : `, ${d.reason}`}.`,
  MR_PROTOCOL_RECORD_SIZE: (d: {
    readonly topic: string
    readonly partition: number
    readonly bytes: number
    /** Of the producer; 0: the broker refused it, by the limit of the topic. */
    readonly bytesMax: number
  }): string =>
    `A record for ${d.topic}-${d.partition} has ${d.bytes} bytes${d.bytesMax > 0 ? `; the producer sends at most ${d.bytesMax}. Make it smaller, or raise maxRequestSize (requestBytesMax of a producer) and max.message.bytes of the topic.` : ', more than the topic accepts. Make it smaller, or raise max.message.bytes of the topic (message.max.bytes of the brokers).'}`,
  MR_PROTOCOL_DELIVERY: (d: {
    readonly topic: string
    readonly partition: number
    readonly records: number
    readonly timeoutMs: number
    readonly reason: string
  }): string =>
    `${d.records} record(s) for ${d.topic}-${d.partition} were not acknowledged within ${d.timeoutMs} ms; the last failure was: ${d.reason}`,
  MR_PROTOCOL_PRODUCER_FENCED: (d: {
    readonly producer: string
    readonly api: string
    readonly name: string
  }): string =>
    `Producer "${d.producer}" is fenced: ${d.api} was answered ${d.name}. Another producer took the id over, or its transaction ran into transaction.timeout.ms.`,
  MR_PROTOCOL_TRANSACTION_ABORTED: (d: { readonly producer: string; readonly reason: string }): string =>
    `The transaction of "${d.producer}" cannot be committed: ${d.reason} Nothing of it becomes visible; go on from the committed offsets with a new producer.`,
  MR_PROTOCOL_COMMIT_UNKNOWN: (d: { readonly producer: string; readonly reason: string }): string =>
    `Whether the transaction of "${d.producer}" is committed is unknown: ${d.reason} Discard the producer, initialise a new one (which decides it) and read the committed offsets again.`,
  MR_PROTOCOL_TRANSACTION_STATE: (d: {
    readonly producer: string
    readonly call: string
    readonly state: string
  }): string => `${d.call} of producer "${d.producer}" was called in state "${d.state}".`,
  MR_PROTOCOL_MEMBER_LOST: (d: { readonly group: string; readonly member: string; readonly reason: string }): string =>
    `Member "${d.member}" is no longer in group "${d.group}": ${d.reason}. Its tasks belong to others; it rejoins.`,
  MR_PROTOCOL_REBALANCE: (d: { readonly group: string; readonly what: string }): string =>
    `Group "${d.group}" is rebalancing; ${d.what} is possible again afterwards.`,
  MR_PROTOCOL_INSTANCE_FENCED: (d: { readonly group: string; readonly instance: string }): string =>
    `Another process joined group "${d.group}" with the same group.instance.id "${d.instance}". Give each process its own.`,
  MR_PROTOCOL_GROUP: (d: { readonly group: string; readonly name: string; readonly reason: string }): string =>
    `Group "${d.group}" cannot be joined: ${d.name}, ${d.reason}.`,
  MR_PROTOCOL_VERSION: (d: {
    readonly api: string
    readonly version: number
    readonly minVersion: number
    readonly maxVersion: number
  }): string =>
    `${d.api}: version ${d.version} is not one of ${d.minVersion} to ${d.maxVersion}; the broker is too old or too new for this release.`,
  MR_PROTOCOL_ENCODE: (d: {
    readonly message: string
    readonly version: number
    readonly field: string
    readonly reason: string
  }): string => `${d.message} version ${d.version} cannot be encoded at field "${d.field}": ${d.reason}.`,
  MR_PROTOCOL_DECODE: (d: {
    readonly message: string
    readonly version: number
    readonly position: number
    readonly length: number
    readonly reason: string
  }): string =>
    `${d.message} version ${d.version} cannot be decoded, stopped at byte ${d.position} of ${d.length}: ${d.reason}. Check that the address is a Kafka broker.`,
  MR_PROTOCOL_BATCH: (d: { readonly baseOffset: string; readonly reason: string }): string =>
    `The record batch at offset ${d.baseOffset} cannot be decoded: ${d.reason}. Fetch it again; if it stays so, the log is damaged.`,
  MR_PROTOCOL_CRC: (d: { readonly baseOffset: string; readonly expected: number; readonly actual: number }): string =>
    `The record batch at offset ${d.baseOffset} is damaged: its CRC says ${d.expected}, its bytes give ${d.actual}. Fetch it again; if it stays so, the log is damaged.`,
  MR_PROTOCOL_RECORD: (d: { readonly what: string; readonly value: string; readonly accepted: string }): string =>
    `A record cannot be written into a batch: ${d.what} is ${d.value}; accepted: ${d.accepted}.`,
  MR_PROTOCOL_COMPRESSION: (d: {
    readonly codec: string
    readonly packageName: string
    readonly reason: string
  }): string =>
    `Compression "${d.codec}" is not available: ${d.reason}. Install ${d.packageName} beside millrace, or choose another codec.`,
  MR_TRANSPORT_DISCONNECTED: (d: { readonly broker: string; readonly reason: string }): string =>
    `The connection to ${d.broker} failed: ${d.reason}. Check host, port and that the broker runs; the request is tried again.`,
  MR_TRANSPORT_TIMEOUT: (d: { readonly broker: string; readonly api: string; readonly timeoutMs: number }): string =>
    `${d.broker} did not answer ${d.api} within ${d.timeoutMs} ms.`,
  MR_TRANSPORT_AUTHENTICATION: (d: { readonly broker: string; readonly reason: string }): string =>
    `${d.broker} refused the authentication: ${d.reason}. Check kafka.sasl (mechanism, username, password) and kafka.ssl.`,
} as const
