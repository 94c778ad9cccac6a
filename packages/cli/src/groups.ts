/** millrace groups: the groups of the cluster, or the members of one. */
import { type Cluster, describeGroup, listGroups } from '@millrace/protocol'
import type { VerbResult } from './run-command.ts'

export async function listGroupsVerb(cluster: Cluster): Promise<VerbResult> {
  const groups = await listGroups(cluster)
  return { rows: groups.map(({ groupId, protocolType }) => ({ group: groupId, type: protocolType })) }
}

export async function describeGroupVerb(cluster: Cluster, groupId: string): Promise<VerbResult> {
  const group = await describeGroup(cluster, groupId)
  if (group.state === 'Dead') return { text: `There is no group "${groupId}".`, code: 3 }
  const rows = group.members.map(({ memberId, clientId, clientHost }) => {
    return { group: groupId, state: group.state, member: memberId, client: clientId, host: clientHost }
  })
  return rows.length > 0 ? { rows } : { rows: [{ group: groupId, state: group.state, members: 0 }] }
}
