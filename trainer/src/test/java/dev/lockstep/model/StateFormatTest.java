package dev.lockstep.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.coordinator.Position;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Tally;
import dev.lockstep.yaml.ConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class StateFormatTest {
  @Property(tries = 200)
  void aPositionComesBackToTheLastBit(@ForAll("positions") Position position) {
    assertThat(StateFormat.readPosition("test", StateFormat.write(position))).isEqualTo(position);
  }

  @Property(tries = 200)
  void bytesThatAreNoPositionAreAnErrorForTheReader(
      @ForAll("positions") Position position, @ForAll int at, @ForAll byte value) {
    byte[] text = StateFormat.write(position);
    text[Math.floorMod(at, text.length)] = value;
    try {
      StateFormat.readPosition("progress.json", text);
    } catch (ConfigurationException e) {
      assertThat(e).hasMessageStartingWith("progress.json: ");
    }
  }

  @Test
  void aVectorIsRawLittleEndianFloats() throws IOException {
    float[] vector = new float[200_000];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = Float.intBitsToFloat(i * 31_337);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StateFormat.write(vector, out);
    byte[] bytes = out.toByteArray();
    float[] read = new float[vector.length];
    StateFormat.read(new ByteArrayInputStream(bytes), read);

    assertThat(bytes).hasSize(4 * vector.length);
    assertThat(bytes[4]).isEqualTo((byte) 31_337);
    assertThat(bytes[5]).isEqualTo((byte) (31_337 >> 8));
    for (int i = 0; i < vector.length; i++) {
      assertThat(Float.floatToRawIntBits(read[i])).isEqualTo(Float.floatToRawIntBits(vector[i]));
    }
    assertThatThrownBy(
            () -> StateFormat.read(new ByteArrayInputStream(bytes, 0, bytes.length - 1), read))
        .isInstanceOf(EOFException.class);
  }

  @Provide
  static Arbitrary<Position> positions() {
    Arbitrary<Double> numbers =
        Arbitraries.oneOf(
            Arbitraries.doubles(), Arbitraries.of(Double.NaN, Double.POSITIVE_INFINITY, -0.0));
    Arbitrary<Double> seconds = Arbitraries.doubles().between(0, 1e6);
    Arbitrary<EpochRecord> epochs =
        Combinators.combine(numbers, numbers, seconds, Arbitraries.of(true, false))
            .as(
                (loss, rate, took, validated) ->
                    new EpochRecord(
                        1, loss, 0.5, validated ? tally(loss).metrics() : null, rate, took, 9));
    return Combinators.combine(
            epochs.list().ofMaxSize(3), Arbitraries.integers().between(0, 99), numbers, seconds)
        .as(
            (records, batch, number, took) ->
                new Position(
                    records.size(),
                    batch,
                    batch * 3L,
                    batch,
                    number,
                    number,
                    2,
                    1L << 40,
                    took,
                    records.size(),
                    batch % 2 == 0,
                    new History(numbered(records))));
  }

  private static List<EpochRecord> numbered(List<EpochRecord> records) {
    return java.util.stream.IntStream.range(0, records.size())
        .mapToObj(
            i ->
                new EpochRecord(
                    i + 1,
                    records.get(i).trainingLoss(),
                    records.get(i).trainingAccuracy(),
                    records.get(i).validation(),
                    records.get(i).learningRate(),
                    records.get(i).seconds(),
                    records.get(i).examples()))
        .toList();
  }

  private static Tally tally(double loss) {
    Tally tally = new Tally(3);
    tally.add(0, 1, loss, 0.25);
    tally.add(2, 2, loss, 0.5);
    return tally;
  }
}
