package dev.lockstep.coordinator;

import java.util.List;

/**
 * How a gang is at one moment.
 *
 * @param directive what its workers are to do now
 * @param step of the whole training that is under way, from 0
 * @param workers the state of each, by rank
 * @param advances how many batches each has computed since it joined, by rank; 0 in other JVMs
 * @param losses how often a worker was lost
 * @param recoveries how often a later attempt has taken a lost worker's place
 */
public record GangState(
    Directive directive,
    long step,
    List<WorkerState> workers,
    List<Long> advances,
    long losses,
    long recoveries) {

  /** What a worker is doing. */
  public enum WorkerState {
    /** It has not joined yet, or is lost. */
    ABSENT,
    /** It computes what it was told. */
    COMPUTING,
    /** It has done so and waits for the others. */
    WAITING
  }

  /** How many workers are in {@code state}. */
  public long count(WorkerState state) {
    return workers.stream().filter(each -> each == state).count();
  }
}
