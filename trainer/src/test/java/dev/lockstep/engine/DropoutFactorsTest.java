package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.Shape;
import dev.lockstep.random.CounterRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

class DropoutFactorsTest {
  private static final Shape SHAPE = new Shape(1, 3, 1);
  private static final int ELEMENTS = 40;

  @Property(tries = 100)
  void aFactorIsAPureFunctionOfSeedStepPlaceLayerAndElement(
      @ForAll long seed,
      @ForAll @IntRange(max = 1 << 30) int step,
      @ForAll @IntRange(max = 20) int layer,
      @ForAll @IntRange(min = 1, max = 9) int examples,
      @ForAll @DoubleRange(min = 0, max = 0.99) double rate,
      @ForAll @IntRange(max = ELEMENTS - 1) int firstElement) {
    StepDraws draws = new StepDraws(seed);
    draws.open(step);
    Batch batch = batch(examples);
    DropoutFactors dropout = new DropoutFactors(layer, rate, ELEMENTS * examples);
    dropout.open(draws, batch);
    int length = (ELEMENTS - firstElement) * examples;
    float[] factors = new float[length];
    dropout.write(firstElement, factors, length);
    for (int i = 0; i < length; i++) {
      int element = firstElement + i / examples;
      assertThat(factors[i])
          .isEqualTo(factor(seed, step, layer, batch.place(i % examples), element, rate));
    }
  }

  /** As defined: the element's draw, of 24 bits, is below the rate or not. */
  private static float factor(
      long seed, long step, int layer, int place, int element, double rate) {
    long stepKey = CounterRandom.key(CounterRandom.key(seed, 3), step);
    int key = (int) (CounterRandom.key(stepKey, layer, place) >>> 32);
    int draw = CounterRandom.bits(key, element) >>> 8;
    return draw < Math.round(rate * (1 << 24)) ? 0 : (float) (1 / (1 - rate));
  }

  private static Batch batch(int examples) {
    MicroBatch part = new MicroBatch(examples);
    for (int i = 0; i < examples; i++) {
      part.add(i, 5 * i + 2);
    }
    Batch batch = new Batch(SHAPE, examples);
    batch.fill(Problem.examples(SHAPE, 2, examples), part);
    return batch;
  }
}
