package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lockstep.config.Configuration;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CandidateResultTest {
  private static CandidateResult endedWith(int... epochs) {
    Metrics metrics = new Metrics(1, 1, 0, 0, new ConfusionMatrix(1, new long[] {1}));
    List<FoldResult> folds =
        IntStream.range(0, epochs.length)
            .mapToObj(
                i ->
                    new FoldResult(
                        1,
                        i + 1,
                        1,
                        Instant.EPOCH,
                        1,
                        1,
                        epochs[i],
                        10,
                        metrics,
                        metrics,
                        JsonNodeFactory.instance.objectNode()))
            .toList();
    Configuration any = Configuration.read("any.yaml", "network: mlp-512", List.of());
    return new CandidateResult(new Candidate(1, List.of(), any), folds);
  }

  @Test
  void theFinalModelsEpochsAreTheMedianOfTheFolds() {
    assertThat(endedWith(3).epochs()).isEqualTo(3);
    assertThat(endedWith(1, 4, 2).epochs()).isEqualTo(2);
    assertThat(endedWith(9, 9, 1, 2, 1).epochs()).isEqualTo(2);
  }

  @Test
  void ofAnEvenNumberOfFoldsItIsTheLowerOfTheTwoInTheMiddle() {
    assertThat(endedWith(8, 2, 1, 5).epochs()).isEqualTo(2);
    assertThat(endedWith(7, 3).epochs()).isEqualTo(3);
  }
}
