package dev.lockstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.yaml.Section;
import java.lang.management.ManagementFactory;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientUpdateTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{name: sgd, momentum: 0.9}",
        "{name: rmsprop, clipValue: 1}",
        "{name: adam, globalClipNorm: 1}",
        "{name: adamw, learningRate: {schedule: cosine, initial: 0.01, decaySteps: 100}}"
      })
  void aStepAllocatesNothing(String optimizer) {
    Network network =
        NetworkDefinition.read(
                "net",
                Section.parse(
                    "net.yaml",
                    """
                    layers:
                      - dense: {units: 90, activation: relu, l2: 0.001}
                      - batch_normalization
                      - dense: {units: 3, activation: softmax}
                    loss: categorical_crossentropy
                    """))
            .build(new Shape(8, 8, 1), 3);
    GradientUpdate update =
        new GradientUpdate(
            network.layout(),
            Optimizer.read(Section.parse("optimizer", optimizer)),
            FloatVector.of(network.initialParameters(1)),
            SumTree.pairwise(4),
            4);
    Contribution[] contributions =
        Stream.generate(() -> Contribution.ofLength(network.layout().length()))
            .limit(4)
            .toArray(Contribution[]::new);
    Stream.of(contributions).forEach(each -> each.sums().add(0.5, true));
    GradientUpdate.Workspace workspace = new GradientUpdate.Workspace();
    for (int step = 0; step < 2000; step++) {
      update.step(contributions, step, workspace);
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int step = 0; step < 100; step++) {
      update.step(contributions, step, workspace);
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1024);
  }
}
