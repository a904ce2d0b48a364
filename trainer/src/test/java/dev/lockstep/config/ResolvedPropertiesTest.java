package dev.lockstep.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.EarlyStopping;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.WireFormat;
import dev.lockstep.data.Augmentation;
import dev.lockstep.network.Activation;
import dev.lockstep.network.ActivationLayer;
import dev.lockstep.network.BatchNormalization;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Dropout;
import dev.lockstep.network.Flatten;
import dev.lockstep.network.Initializer;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Lstm;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.network.Padding;
import dev.lockstep.network.Pooling2d;
import dev.lockstep.network.Recurrence;
import dev.lockstep.network.Regularizer;
import dev.lockstep.network.SimpleRnn;
import dev.lockstep.network.Size;
import dev.lockstep.network.Window;
import dev.lockstep.optimizer.Adam;
import dev.lockstep.optimizer.AdamW;
import dev.lockstep.optimizer.Clipping;
import dev.lockstep.optimizer.LearningRate;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.optimizer.RmsProp;
import dev.lockstep.optimizer.Sgd;
import dev.lockstep.split.Fold;
import dev.lockstep.split.HoldOut;
import dev.lockstep.split.Validation;
import dev.lockstep.yaml.Section;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ResolvedPropertiesTest {
  @Property(tries = 500)
  void whatIsResolvedReadsAsTheSameConfiguration(@ForAll("configurations") Configuration written) {
    String yaml = Section.write(written.resolved());

    assertThat(Configuration.read("runs/1/configuration.yaml", yaml, List.of())).isEqualTo(written);
  }

  @Provide
  Arbitrary<Configuration> configurations() {
    Arbitrary<Validation> validations =
        Arbitraries.oneOf(
            Arbitraries.integers().between(2, 9).map(k -> new Fold(k, k, Fold.Select.ORDERED)),
            Arbitraries.just(new HoldOut(10_000, 0, HoldOut.Select.FIRST)),
            Combinators.combine(Arbitraries.of(0.1, 1e-5, 0.999), enums(HoldOut.Select.class))
                .as((fraction, select) -> new HoldOut(0, fraction, select)));
    return Combinators.combine(
            texts(),
            Arbitraries.of("mnist", "kmnist"),
            networks(),
            enums(EngineChoice.class),
            validations,
            plans(),
            Combinators.combine(
                    Arbitraries.integers().between(0, 8), losses(), schedules().optional())
                .as(Placed::new))
        .as(
            (name, dataset, network, engine, validation, plan, placed) ->
                new Configuration(
                    name.isBlank() ? "run" : name,
                    TextNode.valueOf(dataset),
                    network,
                    engine,
                    validation,
                    plan,
                    placed.workers() == 0 ? OptionalInt.empty() : OptionalInt.of(placed.workers()),
                    placed.loss(),
                    placed.checkpoints()));
  }

  /** What says nothing about the result. */
  private record Placed(int workers, WorkerLoss loss, Optional<CheckpointSchedule> checkpoints) {}

  private static Arbitrary<WorkerLoss> losses() {
    Arbitrary<Duration> times = sizes().map(Duration::ofSeconds);
    return Combinators.combine(enums(WorkerLoss.Reaction.class), times, times, times)
        .as(WorkerLoss::new);
  }

  private static Arbitrary<CheckpointSchedule> schedules() {
    Arbitrary<Integer> counts = Arbitraries.integers().between(0, 3);
    return Combinators.combine(counts, counts.map(i -> i * 250), sizes())
        .filter((epochs, steps, keep) -> epochs + steps > 0)
        .as(CheckpointSchedule::new);
  }

  private static Arbitrary<TrainingPlan> plans() {
    Arbitrary<Averaging> averaging =
        Arbitraries.oneOf(
            Arbitraries.of(WireFormat.values()).map(Averaging.Gradients::new),
            Combinators.combine(
                    Arbitraries.of(1, 20, Averaging.Parameters.EPOCH), optimizers().optional())
                .as(Averaging.Parameters::new));
    Arbitrary<Optional<EarlyStopping>> stopping =
        Combinators.combine(
                enums(EarlyStopping.Monitor.class),
                sizes(),
                positive(),
                Arbitraries.of(true, false))
            .as(EarlyStopping::new)
            .optional();
    return Combinators.combine(
            Arbitraries.longs().greaterOrEqual(0),
            sizes(),
            sizes(),
            Arbitraries.integers().between(8, 1000),
            optimizers(),
            averaging,
            Combinators.combine(
                    Arbitraries.of(Augmentation.NONE, new Augmentation(10, 1.5, 0.1)),
                    Arbitraries.of(OptionalInt.empty(), OptionalInt.of(8)))
                .as(Map::entry),
            stopping)
        .as(
            (seed, epochs, batchSize, shards, optimizer, mode, more, early) ->
                new TrainingPlan(
                    seed,
                    epochs,
                    batchSize,
                    shards,
                    optimizer,
                    mode,
                    more.getKey(),
                    mode.equals(new Averaging.Gradients()) ? more.getValue() : OptionalInt.empty(),
                    early));
  }

  private static Arbitrary<Optimizer> optimizers() {
    Arbitrary<Double> parts = Arbitraries.of(0.0, 0.5, 0.9, 0.999);
    Arbitrary<Boolean> flags = Arbitraries.of(true, false);
    Arbitrary<Adam> adam =
        Combinators.combine(rates(), clippings(), parts, parts, positive()).as(Adam::new);
    return Arbitraries.oneOf(
        Combinators.combine(rates(), clippings(), parts, flags)
            .as(
                (rate, clip, momentum, flag) ->
                    new Sgd(rate, clip, momentum, flag && momentum > 0)),
        Combinators.combine(rates(), clippings(), parts, parts, positive(), flags).as(RmsProp::new),
        adam,
        Combinators.combine(adam, parts).as(AdamW::new));
  }

  private static Arbitrary<LearningRate> rates() {
    Arbitrary<Long> steps = Arbitraries.longs().between(1, Integer.MAX_VALUE);
    Arbitrary<LearningRate> schedules =
        Arbitraries.oneOf(
            positive().map(LearningRate.Constant::new),
            positive()
                .list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(
                    values ->
                        new LearningRate.Step(
                            List.of(0L, 7L, 100L).subList(0, values.size() - 1), values)),
            Combinators.combine(positive(), steps, positive(), Arbitraries.of(true, false))
                .as(LearningRate.Exponential::new),
            Combinators.combine(positive(), steps, Arbitraries.of(0.0, 0.25, 1.0))
                .as(LearningRate.Cosine::new));
    return Arbitraries.oneOf(
        schedules,
        Combinators.combine(schedules, steps, Arbitraries.of(0.0, 1e-5))
            .as(LearningRate.WarmUp::new));
  }

  private static Arbitrary<Clipping> clippings() {
    return Arbitraries.oneOf(
        Arbitraries.just(Clipping.NONE),
        positive().map(value -> new Clipping(value, 0)),
        positive().map(norm -> new Clipping(0, norm)));
  }

  private static Arbitrary<NetworkChoice> networks() {
    return Arbitraries.oneOf(
        Combinators.combine(texts(), layers().list().ofMinSize(1).ofMaxSize(6), enums(Loss.class))
            .as((name, layers, loss) -> new NetworkDefinition(name, layers, loss))
            .map(NetworkChoice.Defined::new),
        Combinators.combine(texts(), texts())
            .as((name, text) -> new NetworkChoice.Dl4j(name, "{\n  \"a\": \"" + text + "\"\n}")),
        Combinators.combine(texts(), texts())
            .as((name, text) -> new NetworkChoice.Keras(name, "{\n  \"a\": \"" + text + "\"\n}")));
  }

  private static Arbitrary<Layer> layers() {
    Arbitrary<Boolean> flags = Arbitraries.of(true, false);
    Arbitrary<Initializer> kernels = enums(Initializer.class);
    Arbitrary<Initializer> biases = kernels.filter(i -> i != Initializer.ORTHOGONAL);
    Arbitrary<Activation> elementwise =
        enums(Activation.class).filter(a -> a != Activation.SOFTMAX);
    Arbitrary<Regularizer> regularizers =
        Combinators.combine(Arbitraries.of(0.0, 1e-4), positive()).as(Regularizer::new);
    Arbitrary<Size> pairs = Combinators.combine(sizes(), sizes()).as(Size::new);
    Arbitrary<Window> windows =
        Combinators.combine(pairs, pairs, enums(Padding.class)).as(Window::new);
    Arbitrary<Recurrence> recurrences =
        Combinators.combine(sizes(), elementwise, flags, kernels, kernels, biases, regularizers)
            .as(Recurrence::new);
    Arbitrary<Double> parts = Arbitraries.of(0.0, 0.3, 0.99);
    return Arbitraries.oneOf(
        List.of(
            Combinators.combine(
                    sizes(), enums(Activation.class), flags, kernels, biases, regularizers)
                .as(Dense::new),
            Combinators.combine(sizes(), windows, elementwise, flags, kernels, biases, regularizers)
                .as(Conv2d::new),
            Combinators.combine(enums(Pooling2d.Statistic.class), windows).as(Pooling2d::new),
            Arbitraries.just(new Flatten()),
            parts.map(Dropout::new),
            Combinators.combine(parts, positive()).as(BatchNormalization::new),
            recurrences.map(SimpleRnn::new),
            Combinators.combine(recurrences, elementwise, flags).as(Lstm::new),
            enums(Activation.class).map(ActivationLayer::new)));
  }

  /** Positive numbers of every order of magnitude that a float has. */
  private static Arbitrary<Double> positive() {
    return Combinators.combine(
            Arbitraries.doubles().between(1, 9.99), Arbitraries.integers().between(-30, 30))
        .as((mantissa, exponent) -> mantissa * Math.pow(10, exponent));
  }

  private static Arbitrary<Integer> sizes() {
    return Arbitraries.integers().between(1, 100_000);
  }

  private static Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        Arbitraries.of("mnist", "null", "true", "1", "1.0", "~", "a: b", "- a", "#", "'", "\""),
        Arbitraries.strings().ascii().ofMinLength(1).ofMaxLength(12),
        Arbitraries.of("größe", "数据", "a\\b", "a\nb\n"));
  }

  private static <E extends Enum<E>> Arbitrary<E> enums(Class<E> type) {
    return Arbitraries.of(type);
  }
}
