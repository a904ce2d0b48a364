package dev.lockstep.split;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.split.HoldOut.Select;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** What holds for any labels, counts and seeds. */
class SplitPropertiesTest {
  private static final int CLASSES = 5;

  @Provide
  Arbitrary<Examples> examples() {
    return Arbitraries.integers()
        .between(0, CLASSES - 1)
        .withDistribution(net.jqwik.api.RandomDistribution.biased())
        .list()
        .ofMinSize(2)
        .ofMaxSize(120)
        .map(SplitPropertiesTest::labelled);
  }

  static Examples labelled(List<Integer> labels) {
    byte[] bytes = new byte[labels.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = labels.get(i).byteValue();
    }
    return new Examples(new Shape(1, 1, 1), CLASSES, new byte[bytes.length][1], bytes);
  }

  @Property
  void holdOutIsCompleteAndDisjointAndHasItsCount(
      @ForAll("examples") Examples examples,
      @ForAll Select select,
      @ForAll @IntRange(max = 1000) int part,
      @ForAll long seed) {
    int count = part % examples.size();

    Split split = new HoldOut(count, 0, select).split(examples, seed);

    assertThat(split.validation()).hasSize(count).isSorted();
    assertThat(split.training()).isSorted();
    assertThat(union(split)).isEqualTo(all(examples.size()));
  }

  @Property
  void stratifiedHoldOutGivesEachClassItsShare(
      @ForAll("examples") Examples examples,
      @ForAll @IntRange(max = 1000) int part,
      @ForAll long seed) {
    int count = part % examples.size();

    Split split = new HoldOut(count, 0, Select.STRATIFIED).split(examples, seed);

    int[] whole = counts(examples, all(examples.size()));
    int[] held = counts(examples, split.validation());
    for (int c = 0; c < CLASSES; c++) {
      double exact = (double) whole[c] * count / examples.size();
      assertThat(Math.abs(held[c] - exact)).isLessThan(1);
    }
  }

  @Property
  void sameSeedGivesTheSameHoldOut(
      @ForAll("examples") Examples examples, @ForAll Select select, @ForAll long seed) {
    HoldOut holdOut = new HoldOut(examples.size() / 2, 0, select);

    assertThat(holdOut.split(examples, seed).validation())
        .isEqualTo(holdOut.split(examples, seed).validation());
  }

  @Property
  void foldsOfNeighboursAreACompleteBalancedPartition(
      @ForAll @IntRange(min = 2, max = 120) int examples, @ForAll @IntRange(max = 1000) int part) {
    int folds = 2 + part % (examples - 1);

    Examples any = labelled(Collections.nCopies(examples, 0));
    List<Split> splits = splits(any, folds, 1, Fold.Select.ORDERED, 0);

    assertPartition(splits, examples, folds);
    assertThat(splits.stream().flatMapToInt(split -> Arrays.stream(split.validation())).toArray())
        .isEqualTo(all(examples));
  }

  @Property
  void everyRepeatOfShuffledFoldsIsACompleteBalancedPartition(
      @ForAll @IntRange(min = 2, max = 120) int examples,
      @ForAll @IntRange(max = 1000) int part,
      @ForAll @IntRange(min = 1, max = 4) int repeats,
      @ForAll long seed) {
    int folds = 2 + part % (examples - 1);

    Examples any = labelled(Collections.nCopies(examples, 0));
    for (int repeat = 1; repeat <= repeats; repeat++) {
      assertPartition(splits(any, folds, repeat, Fold.Select.SHUFFLED, seed), examples, folds);
    }
  }

  @Property
  void stratifiedFoldsDifferInEachClassByAtMostOne(
      @ForAll("examples") Examples examples,
      @ForAll @IntRange(max = 1000) int part,
      @ForAll @IntRange(min = 1, max = 3) int repeats,
      @ForAll long seed) {
    int folds = 2 + part % (examples.size() - 1);

    int[] whole = counts(examples, all(examples.size()));
    for (int repeat = 1; repeat <= repeats; repeat++) {
      List<Split> partition = splits(examples, folds, repeat, Fold.Select.STRATIFIED, seed);
      assertPartition(partition, examples.size(), folds);
      for (Split split : partition) {
        int[] held = counts(examples, split.validation());
        for (int c = 0; c < CLASSES; c++) {
          assertThat(held[c] - whole[c] / folds).isBetween(0, 1);
        }
      }
    }
  }

  @Property
  void sameSeedGivesTheSameFolds(
      @ForAll("examples") Examples examples,
      @ForAll Fold.Select select,
      @ForAll @IntRange(max = 1000) int part,
      @ForAll long seed) {
    int folds = 2 + part % (examples.size() - 1);
    Fold fold = new Fold(folds, 1 + part % folds, select);

    assertThat(fold.split(examples, seed).validation())
        .isEqualTo(fold.split(examples, seed).validation());
  }

  private static List<Split> splits(
      Examples examples, int folds, int repeat, Fold.Select select, long seed) {
    return IntStream.rangeClosed((repeat - 1) * folds + 1, repeat * folds)
        .mapToObj(fold -> new Fold(folds, fold, select).split(examples, seed))
        .toList();
  }

  private static void assertPartition(List<Split> splits, int examples, int folds) {
    assertThat(splits).hasSize(folds);
    for (Split split : splits) {
      assertThat(union(split)).isEqualTo(all(examples));
      assertThat(split.validation().length - examples / folds).isBetween(0, 1);
    }
    assertThat(splits.stream().flatMapToInt(split -> Arrays.stream(split.validation())).sorted())
        .containsExactlyElementsOf(Arrays.stream(all(examples)).boxed().toList());
  }

  private static int[] union(Split split) {
    return IntStream.concat(Arrays.stream(split.training()), Arrays.stream(split.validation()))
        .sorted()
        .toArray();
  }

  private static int[] all(int examples) {
    return IntStream.range(0, examples).toArray();
  }

  private static int[] counts(Examples examples, int[] chosen) {
    int[] counts = new int[CLASSES];
    for (int example : chosen) {
      counts[examples.label(example)]++;
    }
    return counts;
  }
}
