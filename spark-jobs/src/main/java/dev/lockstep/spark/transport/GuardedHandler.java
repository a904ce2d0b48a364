package dev.lockstep.spark.transport;

import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;

/**
 * Spark's authentication of one connection, whose failures are told by {@link Refusals} in place of
 * a stack trace for each, and end the connection.
 */
final class GuardedHandler extends RpcHandler {
  private final RpcHandler authenticating;
  private final WorkerConnection connection;
  private final Channel channel;
  private final Refusals refusals;

  GuardedHandler(
      RpcHandler authenticating, WorkerConnection connection, Channel channel, Refusals refusals) {
    this.authenticating = authenticating;
    this.connection = connection;
    this.channel = channel;
    this.refusals = refusals;
  }

  @Override
  public void receive(TransportClient client, ByteBuffer request, RpcResponseCallback reply) {
    if (!channel.isActive()) {
      return; // What the peer sent behind the request that ended the connection.
    }
    try {
      authenticating.receive(client, request, refusing(reply));
    } catch (RuntimeException e) {
      refuse(e);
    }
  }

  private RpcResponseCallback refusing(RpcResponseCallback reply) {
    return new RpcResponseCallback() {
      @Override
      public void onSuccess(ByteBuffer response) {
        reply.onSuccess(response);
      }

      @Override
      public void onFailure(Throwable e) {
        refuse(e);
      }
    };
  }

  private void refuse(Throwable reason) {
    refusals.refuse(
        channel,
        connection.authenticated()
            ? "said what the coordinator fails at: " + reason
            : "does not know the secret of this run");
  }

  @Override
  public StreamCallbackWithID receiveStream(
      TransportClient client, ByteBuffer head, RpcResponseCallback reply) {
    return authenticating.receiveStream(client, head, reply);
  }

  @Override
  public StreamManager getStreamManager() {
    return authenticating.getStreamManager();
  }

  @Override
  public void channelActive(TransportClient client) {
    authenticating.channelActive(client);
  }

  @Override
  public void channelInactive(TransportClient client) {
    authenticating.channelInactive(client);
  }
}
