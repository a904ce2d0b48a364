package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.Position;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.model.StateFormat;
import dev.lockstep.spark.job.TrainingJob.Prepared;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.spark.storage.CheckpointDirectory;
import dev.lockstep.spark.storage.CheckpointName;
import dev.lockstep.spark.storage.Content;
import dev.lockstep.spark.storage.DamagedException;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredCheckpoint;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one training: its state, and the configuration and the fingerprints of the
 * data by which a later process knows that it goes on with the same training. Belongs to one thread
 * at a time.
 */
final class Checkpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
  private static final int FORMAT = 1;
  private static final int MOST_BYTES = 1 << 28;
  private static final String CONFIGURATION = ExistingRun.CONFIGURATION;
  private static final String PROGRESS = "progress.json";
  private static final String VECTOR = ".bin";

  private final Location run;
  private final CheckpointDirectory directory;
  private final Configuration configuration;
  private final Prepared prepared;
  private final Lease lease;
  private ObjectNode fingerprints;

  /**
   * The checkpoints in the directory {@code run} of the training that {@code prepared} is.
   *
   * @param lease of that directory
   */
  Checkpoints(Location run, Configuration configuration, Prepared prepared, Lease lease) {
    this.run = run;
    this.directory = new CheckpointDirectory(run);
    this.configuration = configuration;
    this.prepared = prepared;
    this.lease = lease;
  }

  /**
   * Writes {@code state}, and then deletes all but the newest {@code keep}.
   *
   * @throws LeaseException if another process has taken the run over
   */
  void write(TrainingState state, int keep) throws IOException {
    lease.check();
    Map<String, Content> parts = new LinkedHashMap<>();
    byte[] yaml = Section.write(configuration.resolved()).getBytes(StandardCharsets.UTF_8);
    byte[] progress = StateFormat.write(state.position());
    parts.put(CONFIGURATION, out -> out.write(yaml));
    parts.put(PROGRESS, out -> out.write(progress));
    StateFormat.vectors(state)
        .forEach((name, vector) -> parts.put(name + VECTOR, out -> StateFormat.write(vector, out)));
    directory.write(name(state.position()), parts, about());
    directory.prune(keep);
  }

  private static CheckpointName name(Position position) {
    return new CheckpointName(position.epoch(), position.step());
  }

  private ObjectNode about() {
    ObjectNode about = JsonNodeFactory.instance.objectNode();
    about.put("format", FORMAT);
    about.put("lockstep", Versions.current().lockstep());
    about.put("workers", prepared.workers());
    about.set("dataset", fingerprints());
    return about;
  }

  private ObjectNode fingerprints() {
    if (fingerprints == null) {
      fingerprints =
          JsonNodeFactory.instance
              .objectNode()
              .put("training", prepared.dataset().training().fingerprint())
              .put("test", prepared.dataset().test().fingerprint());
    }
    return fingerprints;
  }

  /**
   * The state of the newest checkpoint that is whole. One that is not is named in the log and set
   * aside, and the next older one taken.
   *
   * @return empty if there has been none yet
   * @throws ConfigurationException if there are only damaged ones, or it is of a training with
   *     another configuration or other data
   */
  Optional<TrainingState> newest() {
    List<String> reasons = new ArrayList<>();
    List<CheckpointName> damaged = new ArrayList<>();
    try {
      directory.deleteUnfinished();
      for (CheckpointName name : directory.newestFirst()) {
        try {
          TrainingState state = read(directory.open(name));
          setAside(damaged);
          LOG.info(
              "going on from {}: {} epochs and {} steps are done",
              directory.location(name),
              name.epoch(),
              name.step());
          return Optional.of(state);
        } catch (IOException e) {
          reasons.add("%s: %s".formatted(name, e.getMessage()));
          LOG.warn(
              "checkpoint {} cannot be used: {}; trying the next older one", name, e.getMessage());
          if (e instanceof DamagedException) {
            damaged.add(name);
          }
        }
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(directory.location(), e.getMessage()), e);
    }
    if (!reasons.isEmpty()) {
      throw new ConfigurationException(
          "no checkpoint in %s can be used:\n  - %s\ntrain anew: lockstep train --config %s"
              .formatted(
                  directory.location(), String.join("\n  - ", reasons), run.child(CONFIGURATION)));
    }
    return Optional.empty();
  }

  /** What is damaged must not count as new when old checkpoints are deleted. */
  private void setAside(List<CheckpointName> damaged) throws IOException {
    for (CheckpointName name : damaged) {
      directory.setAside(name);
    }
  }

  private TrainingState read(StoredCheckpoint stored) throws IOException {
    if (stored.about().path("format").asInt() != FORMAT) {
      throw new ConfigurationException(
          "%s: has the format %s, but this version of Lockstep reads %d; go on with the version that wrote it, %s"
              .formatted(
                  stored.location(),
                  stored.about().path("format").asText(),
                  FORMAT,
                  stored.about().path("lockstep").asText()));
    }
    requireSameTraining(stored);
    Position position = position(stored);
    requireWorkers(stored, position);
    TrainingState state = TrainingState.zeros(configuration.plan(), prepared.network(), position);
    for (Map.Entry<String, float[]> vector : StateFormat.vectors(state).entrySet()) {
      long length = (long) Float.BYTES * vector.getValue().length;
      stored.read(vector.getKey() + VECTOR, length, in -> StateFormat.read(in, vector.getValue()));
    }
    return state;
  }

  private static Position position(StoredCheckpoint stored) throws IOException {
    try {
      return StateFormat.readPosition(
          stored.location().child(PROGRESS).toString(), stored.bytes(PROGRESS, MOST_BYTES));
    } catch (ConfigurationException e) {
      throw new DamagedException(e.getMessage());
    }
  }

  private void requireSameTraining(StoredCheckpoint stored) throws IOException {
    String yaml = new String(stored.bytes(CONFIGURATION, MOST_BYTES), StandardCharsets.UTF_8);
    Configuration recorded =
        Configuration.read(stored.location().child(CONFIGURATION).toString(), yaml, List.of());
    List<String> differences =
        new ArrayList<>(recorded.differences("in the run", configuration, "now"));
    for (String part : List.of("training", "test")) {
      String before = stored.about().path("dataset").path(part).asText();
      String now = fingerprints().path(part).asText();
      if (!before.equals(now)) {
        differences.add(
            "the %s examples of %s: fingerprint %s in the run, %s now"
                .formatted(part, prepared.dataset().name(), before, now));
      }
    }
    ExistingRun.refuse(run, differences);
  }

  private void requireWorkers(StoredCheckpoint stored, Position position) {
    int before = stored.about().path("workers").asInt();
    int now = prepared.workers();
    if (before == now) {
      return;
    }
    if (configuration.plan().averaging() instanceof Averaging.Parameters
        && !position.betweenEpochs()) {
      throw new ConfigurationException(
          "%s: was written in the middle of epoch %d, whose examples are dealt to %d workers that average parameters; go on with --workers %d, not %d"
              .formatted(stored.location(), position.epoch() + 1, before, before, now));
    }
    if (configuration.plan().microBatches().isEmpty()) {
      LOG.warn(
          "the run goes on with {} workers in place of {}: its parameters will not be equal to the last bit to those of a run that was never stopped, for which training.microBatches is",
          now,
          before);
    }
  }
}
