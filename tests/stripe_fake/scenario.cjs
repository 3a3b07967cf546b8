// A scenario played by Stripe's own client for Node: prints what it saw as one line of JSON.
const [, , library, url] = process.argv;
const Stripe = require(library);

const { hostname, port } = new URL(url);
const stripe = new Stripe('sk_test_x', { host: hostname, port: Number(port), protocol: 'http', maxNetworkRetries: 0 });

async function refusal(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return { type: error.type, code: error.code ?? null, param: error.param ?? null, status: error.statusCode };
  }
}

(async () => {
  const customer = await stripe.customers.create({ email: 'a@example.com', metadata: { user_id: '7' } });
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: card.id } });
  const product = await stripe.products.create({ name: 'Plus' });
  const price = await stripe.prices.create({
    product: product.id, currency: 'eur', unit_amount: 900, recurring: { interval: 'month' },
  });
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription', customer: customer.id, success_url: 'https://example.com/done',
    line_items: [{ price: price.id, quantity: 1 }], subscription_data: { metadata: { user_id: '7' } },
  });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id, items: [{ price: price.id }], expand: ['latest_invoice.payments'],
  });
  const [payment] = subscription.latest_invoice.payments.data;
  const refund = await stripe.refunds.create({ payment_intent: payment.payment.payment_intent, amount: 100 });
  const kept = [];
  for (const _ of [1, 2]) {
    const made = await stripe.customers.create({ name: 'b' }, { idempotencyKey: 'k' });
    kept.push([made.id, made.lastResponse.headers['idempotent-replayed'] ?? null]);
  }
  const pages = [];
  for await (const one of stripe.customers.list({ limit: 1 })) pages.push(one.id);
  const refusals = [
    await refusal(stripe.customers.create({ nam: 'x' })),
    await refusal(stripe.subscriptions.list({ customer: 'cus_nobody' })),
    await refusal(stripe.billingPortal.sessions.create({ customer: customer.id })),
    await refusal(stripe.customers.create({ name: 'c' }, { idempotencyKey: 'k' })),
  ];
  const canceled = await stripe.subscriptions.cancel(subscription.id);
  const listed = await stripe.subscriptions.list({ customer: customer.id, status: 'all' });
  console.log(JSON.stringify({
    version: Stripe.API_VERSION ?? session.lastResponse.apiVersion, open: session.status, url: session.url,
    status: subscription.status, invoice: subscription.latest_invoice.status, refund: refund.status,
    period: subscription.items.data[0].current_period_end > subscription.created, kept, pages: pages.length,
    refusals, canceled: canceled.status, listed: listed.data.length,
  }));
})().catch((error) => { console.error(error); process.exit(1); });
