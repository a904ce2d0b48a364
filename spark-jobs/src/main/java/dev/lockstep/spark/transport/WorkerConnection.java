package dev.lockstep.spark.transport;

import dev.lockstep.spark.transport.Message.Contributed;
import dev.lockstep.spark.transport.Message.Evaluated;
import dev.lockstep.spark.transport.Message.Heartbeat;
import dev.lockstep.spark.transport.Message.Join;
import dev.lockstep.spark.transport.Message.Place;
import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.spark.network.buffer.ManagedBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;

/**
 * The coordinator's end of one connection: checks what an authenticated peer says and hands it to
 * its {@link WorkerSession}. Belongs to the channel's thread.
 */
final class WorkerConnection extends RpcHandler {
  private final CoordinatorServer server;
  private final Channel channel;
  private boolean authenticated;
  private Place place;
  private WorkerSession session;

  WorkerConnection(CoordinatorServer server, Channel channel) {
    this.server = server;
    this.channel = channel;
  }

  /** Whether the peer has proved that it knows the secret: nobody else is let through to here. */
  boolean authenticated() {
    return authenticated;
  }

  /** Something has come from the peer. */
  void heard() {
    if (session != null) {
      session.heard();
    }
  }

  @Override
  public void receive(TransportClient client, ByteBuffer request, RpcResponseCallback reply) {
    authenticated = true;
    Message message = decode(request);
    if (message != null && message.content() instanceof Join join && place == null) {
      join(message.place(), join, reply);
    } else if (message != null
        && message.content() instanceof Heartbeat heartbeat
        && message.place().equals(place)) {
      reply.onSuccess(ByteBuffer.allocate(0));
      if (session == null) {
        session = server.open(place, client);
      }
      session.advanced(heartbeat.advances());
    } else if (message != null) {
      refuse("said what is out of place: " + message);
    }
  }

  private Message decode(ByteBuffer bytes) {
    try {
      return Message.decode(bytes);
    } catch (IllegalArgumentException e) {
      refuse(e.getMessage());
      return null;
    }
  }

  /**
   * The session waits for the first heartbeat: until then the worker must not be sent anything, for
   * it changes ciphers.
   */
  private void join(Place wanted, Join join, RpcResponseCallback reply) {
    if (!wanted.run().equals(server.run())) {
      refuse("wanted to join run %s, but this is %s".formatted(wanted.run(), server.run()));
    } else if (wanted.rank() < 0 || wanted.rank() >= server.workers()) {
      refuse(
          "wanted to join as rank %d of a gang of %d".formatted(wanted.rank(), server.workers()));
    } else {
      place = wanted;
      byte[] nonce = Wire.newNonce();
      reply.onSuccess(ByteBuffer.wrap(nonce));
      if (server.invitation().encrypted()) {
        byte[] ofWorker = HexFormat.of().parseHex(join.nonce());
        SealedRecords.start(
            channel, SealedRecords.End.COORDINATOR, server.invitation(), ofWorker, nonce);
      }
    }
  }

  @Override
  public StreamCallbackWithID receiveStream(
      TransportClient client, ByteBuffer head, RpcResponseCallback reply) {
    Message message = decode(head);
    if (message == null) {
      return new Reception.OfNothing();
    }
    if (session != null && message.place().equals(place)) {
      if (message.content() instanceof Contributed contributed) {
        return session.receive(contributed, this::refuse, this::note);
      }
      if (message.content() instanceof Evaluated evaluated) {
        return session.receive(evaluated, this::refuse, this::note);
      }
    }
    refuse("sent what is out of place: " + message);
    return new Reception.OfNothing();
  }

  private void refuse(String reason) {
    server.refusals().refuse(channel, reason);
  }

  private void note(String reason) {
    server.refusals().note(channel, reason + "; it is dropped");
  }

  @Override
  public void channelInactive(TransportClient client) {
    if (session != null) {
      server.close(session);
    }
  }

  /** There are none. */
  @Override
  public StreamManager getStreamManager() {
    return NO_STREAMS;
  }

  private static final StreamManager NO_STREAMS =
      new StreamManager() {
        @Override
        public ManagedBuffer getChunk(long stream, int chunk) {
          throw new UnsupportedOperationException("there are no streams here");
        }
      };
}
