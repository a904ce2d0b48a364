package dev.lockstep.coordinator;

import dev.lockstep.metrics.Tally;

/** The evaluation of one shard, so that tallies are added in the shards' order for every N. */
public record ShardTally(int shard, Tally tally) {}
